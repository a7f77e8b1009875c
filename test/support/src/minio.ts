import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from '@chromatune/engine/cache-folder';
import { isExecutable, onPath } from '@chromatune/local';
import { newBucket, type ObjectServer, type ServerProgram, startServer } from './object-server.js';
import { findS3Proxy } from './s3proxy.js';

/** The last release whose sources build; the project's container images are gone. Needs Go 1.25 or newer. */
const minioModule = 'github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c';
const longestBuildMs = 15 * 60 * 1000;

/**
 * The S3 server at `S3_ENDPOINT` (with `S3_ACCESS_KEY` and `S3_SECRET_KEY`) where that is set, else a MinIO of our own:
 * from PATH, from the cache, or built once with Go (4 minutes); else S3Proxy where there are Java and Maven.
 * Where none can be had it says why, and the suite must show it.
 */
export async function startMinio(): Promise<ObjectServer | { unavailable: string }> {
  const given = givenServer();
  if (given) return given;
  const minio = findMinio() ?? buildMinio();
  if ('command' in minio) return startServer(minio);
  const other = findS3Proxy();
  if ('command' in other) return startServer(other);
  return { unavailable: `no S3_ENDPOINT, no minio on PATH, ${minio.unavailable}, and ${other.unavailable}` };
}

function givenServer(): ObjectServer | null {
  const { S3_ENDPOINT, S3_ACCESS_KEY = '', S3_SECRET_KEY = '', S3_REGION = 'us-east-1' } = process.env;
  if (!S3_ENDPOINT) return null;
  const credentials = `${encodeURIComponent(S3_ACCESS_KEY)}:${encodeURIComponent(S3_SECRET_KEY)}`;
  const url = S3_ENDPOINT.replace(/\/+$/, '').replace('://', `://${credentials}@`);
  return {
    name: 'the server at S3_ENDPOINT',
    url: `s3+${url}/${newBucket()}?region=${S3_REGION}`,
    stop: async () => {},
  };
}

const cachedMinio = () => path.join(cacheFolder(), 'minio', 'minio');

function findMinio(): ServerProgram | null {
  const program = onPath('minio') ?? (isExecutable(cachedMinio()) ? cachedMinio() : null);
  return program ? minioServer(program) : null;
}

/** Beside its final place, then renamed, so that an interrupted build leaves no broken server. */
function buildMinio(): ServerProgram | { unavailable: string } {
  if (!onPath('go')) return { unavailable: 'no Go to build one with' };
  const folder = path.dirname(cachedMinio());
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(path.join(folder, 'build-'));
  try {
    process.stderr.write('Building MinIO from its sources, once (about 4 minutes) …\n');
    const built = spawnSync('go', ['install', minioModule], {
      env: { ...process.env, GOBIN: work },
      encoding: 'utf8',
      timeout: longestBuildMs,
    });
    if (!existsSync(path.join(work, 'minio'))) {
      const reason = built.error?.message ?? built.stderr.trim().split('\n').at(-1);
      return { unavailable: `none could be built with Go (${reason})` };
    }
    renameSync(path.join(work, 'minio'), cachedMinio());
    return minioServer(cachedMinio());
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const minioServer = (program: string): ServerProgram => ({
  name: 'MinIO',
  survivesKill: true,
  readyPath: '/minio/health/ready', // it answers other requests earlier, but cannot store yet
  command: ({ folder, port, user, password }) => ({
    program,
    arguments: ['server', '--quiet', '--address', `127.0.0.1:${port}`, path.join(folder, 'data')],
    environment: {
      MINIO_ROOT_USER: user,
      MINIO_ROOT_PASSWORD: password,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    },
  }),
});
