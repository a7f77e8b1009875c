import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A real S3 server for a test, with a bucket name that nobody uses yet. */
export interface ObjectServer {
  /** What it is, for the names of tests: "MinIO", "the server at S3_ENDPOINT". */
  name: string;
  /** For `openObjectStore`: `s3+http://key:secret@127.0.0.1:port/bucket`. */
  url: string;
  stop(): Promise<void>;
  /** Kill it as the out-of-memory killer would, and start it again on the same data; absent where it is not ours. */
  crash?: { kill(): Promise<void>; restart(): Promise<void> };
}

/** The last release whose sources build; the project's container images are gone. Needs Go 1.25 or newer. */
const minioModule = 'github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c';
const longestBuildMs = 15 * 60 * 1000;

/**
 * The S3 server at `S3_ENDPOINT` (with `S3_ACCESS_KEY` and `S3_SECRET_KEY`) where that is set, else a MinIO of our own:
 * from PATH, from the cache, or built once with Go. Where none can be had it says why, and the suite must show it.
 */
export async function startMinio(): Promise<ObjectServer | { unavailable: string }> {
  const given = givenServer();
  if (given) return given;
  const program = findMinio() ?? buildMinio();
  return typeof program === 'string' ? startServer(program) : program;
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

async function startServer(program: string): Promise<ObjectServer> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'chromatune-minio-'));
  const user = 'chromatune';
  const password = randomBytes(12).toString('hex');
  const port = await freePort();
  let server = await launch(program, folder, port, { user, password });
  const killOnExit = () => server.kill('SIGKILL');
  process.once('exit', killOnExit);
  return {
    name: 'MinIO',
    url: `s3+http://${user}:${password}@127.0.0.1:${port}/${newBucket()}`,
    stop: async () => {
      process.off('exit', killOnExit);
      await end(server, 'SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
    crash: {
      kill: () => end(server, 'SIGKILL'),
      restart: async () => {
        server = await launch(program, folder, port, { user, password });
      },
    },
  };
}

async function launch(
  program: string,
  folder: string,
  port: number,
  { user, password }: { user: string; password: string },
): Promise<ChildProcess> {
  const address = `127.0.0.1:${port}`;
  const server = spawn(program, ['server', '--quiet', '--address', address, path.join(folder, 'data')], {
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      MINIO_ROOT_USER: user,
      MINIO_ROOT_PASSWORD: password,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    },
    stdio: 'ignore',
  });
  for (let waited = 0; waited < 60_000; waited += 50) {
    const isReady = await fetch(`http://${address}/minio/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return server;
    if (server.exitCode !== null) throw new Error(`minio ended with code ${server.exitCode} at its start`);
    await sleep(50);
  }
  await end(server, 'SIGKILL');
  throw new Error('minio was not ready within 60 s');
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill(signal);
  await ended;
}

const cachedMinio = () => {
  const cache = process.env['CHROMATUNE_CACHE_DIR'] || path.join(os.homedir(), '.cache/chromatune');
  return path.join(cache, 'minio', 'minio');
};

function findMinio(): string | undefined {
  const onPath = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, 'minio'));
  return [...onPath, cachedMinio()].find(isExecutable);
}

/** Beside its final place, then renamed, so that an interrupted build leaves no broken server. */
function buildMinio(): string | { unavailable: string } {
  const version = spawnSync('go', ['version'], { encoding: 'utf8' });
  if (version.status !== 0) {
    return { unavailable: 'no minio on PATH, no S3_ENDPOINT, and no Go to build it with' };
  }
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
      return { unavailable: `MinIO could not be built with ${version.stdout.trim()}: ${reason}` };
    }
    renameSync(path.join(work, 'minio'), cachedMinio());
    return cachedMinio();
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

const newBucket = () => `chromatune-test-${randomBytes(5).toString('hex')}`;
