import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from '@chromatune/engine/cache-folder';
import { onPath } from '@chromatune/local';
import { type ServerProgram } from './object-server.js';

/** S3Proxy 4.1.0 names a jackson-annotations that does not exist; 2.21 does. */
const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>chromatune</groupId><artifactId>s3proxy</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.gaul</groupId><artifactId>s3proxy</artifactId><version>4.1.0</version></dependency>
    <dependency><groupId>com.fasterxml.jackson.core</groupId><artifactId>jackson-annotations</artifactId><version>2.21</version></dependency>
  </dependencies>
</project>
`;

/** S3Proxy (Apache-2.0) by Maven, once, kept in the cache: a real S3 server for machines that have only Java. */
export function findS3Proxy(): ServerProgram | { unavailable: string } {
  const java = onPath('java');
  if (!java) return { unavailable: 'no Java for S3Proxy' };
  const libraries = path.join(cacheFolder(), 's3proxy-4.1.0');
  if (!existsSync(libraries)) {
    const reason = downloadS3Proxy(libraries);
    if (reason) return { unavailable: reason };
  }
  return { name: 'S3Proxy', survivesKill: false, command: (place) => command(java, libraries, place) };
}

function downloadS3Proxy(libraries: string): string | null {
  if (!onPath('mvn')) return 'no Maven to get S3Proxy with';
  mkdirSync(path.dirname(libraries), { recursive: true });
  const work = mkdtempSync(path.join(path.dirname(libraries), 's3proxy-'));
  try {
    writeFileSync(path.join(work, 'pom.xml'), pom);
    const options = { cwd: work, encoding: 'utf8', timeout: 5 * 60 * 1000 } as const;
    const { status, stdout } = spawnSync(
      'mvn',
      ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib'],
      options,
    );
    if (status !== 0) return `S3Proxy could not be had by Maven (${stdout.trim().split('\n')[0]})`;
    renameSync(path.join(work, 'lib'), libraries);
    return null;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function command(
  java: string,
  libraries: string,
  { folder, port, user, password }: Parameters<ServerProgram['command']>[0],
) {
  const properties = path.join(folder, 's3proxy.properties');
  mkdirSync(path.join(folder, 'data'), { recursive: true });
  const lines = [
    's3proxy.authorization=aws-v2-or-v4',
    `s3proxy.identity=${user}`,
    `s3proxy.credential=${password}`,
    `s3proxy.endpoint=http://127.0.0.1:${port}`,
    'jclouds.provider=filesystem-nio2',
    `jclouds.filesystem.basedir=${path.join(folder, 'data')}`,
  ];
  writeFileSync(properties, lines.join('\n'), { mode: 0o600 });
  const classPath = path.join(libraries, '*');
  return {
    program: java,
    arguments: ['-Xmx256m', '-cp', classPath, 'org.gaul.s3proxy.Main', '--properties', properties],
  };
}
