import { type ChildProcess, spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '@chromatune/contracts';

/** A service that this process started and owns. */
export interface LocalService {
  /** With user and password: never log it. */
  url: string;
  port: number;
  pid: number;
  /** Asks it to end, waits until it has, and forces it after 20 s. Safe to call twice. */
  stop(): Promise<void>;
  exited: Promise<Exit>;
}
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ServiceCommand {
  program: string;
  arguments: string[];
  account?: { uid: number; gid: number };
  logFile: string;
  /** How this program is asked to end at once but in order. */
  stopSignal: NodeJS.Signals;
  /** Throws, or answers false, as long as the service does not answer. */
  isReady(): Promise<boolean>;
  startSeconds?: number;
  /** True lets this process end before the service; someone else must stop that then. */
  outlivesUs?: boolean;
}

/** The program ended, or never answered, while it was being started; `words` is what it wrote. */
export class ServiceStartFailed extends Error {
  constructor(
    message: string,
    readonly words: string,
  ) {
    super(message);
  }
}

/**
 * Starts a program in its own process group, so that Ctrl-C in the terminal reaches only us and we decide the order
 * in which things end. Its words go to `logFile`, because a pipe would break when we are killed.
 */
export async function startService(command: ServiceCommand): Promise<Omit<LocalService, 'url' | 'port'>> {
  const logFrom = openLog(command.logFile);
  const log = openSync(command.logFile, 'a', 0o600);
  const child = spawn(command.program, command.arguments, {
    ...command.account,
    cwd: '/',
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: -1, signal: null }));
  });
  const words = () => readFileSync(command.logFile).subarray(logFrom).toString('utf8').slice(-4000).trim();

  try {
    await untilReady(command, child, exited, words);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  if (command.outlivesUs) child.unref();
  return { pid: child.pid!, exited, stop: () => stopChild(child, exited, command.stopSignal) };
}

async function untilReady(
  command: ServiceCommand,
  child: ChildProcess,
  exited: Promise<Exit>,
  words: () => string,
) {
  let exit: Exit | undefined;
  let spawnError: Error | undefined;
  child.once('error', (error) => (spawnError = error));
  void exited.then((value) => (exit = value));
  const deadline = Date.now() + (command.startSeconds ?? 60) * 1000;
  for (;;) {
    if (await command.isReady().catch(() => false)) return;
    if (exit) {
      const how = exit.signal ? `was ended by ${exit.signal}` : `exited with code ${exit.code}`;
      throw new ServiceStartFailed(spawnError?.message ?? `${command.program} ${how}`, words());
    }
    if (Date.now() > deadline) throw new ServiceStartFailed(`${command.program} does not answer`, words());
    await sleep(20);
  }
}

async function stopChild(child: ChildProcess, exited: Promise<Exit>, signal: NodeJS.Signals) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  const force = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await exited;
  clearTimeout(force);
}

/** Starts a log anew once it has grown past 5 MB. Gives the place where new words begin. */
function openLog(path: string): number {
  if (!existsSync(path)) return 0;
  const { size } = statSync(path);
  if (size < 5_000_000) return size;
  truncateSync(path, 0);
  return 0;
}

/** Settings of a service that must outlive it, with its password: `<folder>/<name>.json`, readable by its owner only. */
export function readSettings<T extends object>(folder: string, name: string): Partial<T> {
  const path = join(folder, `${name}.json`);
  if (!existsSync(path)) return {};
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Partial<T>;
  } catch (cause) {
    throw new DomainError('local_settings_broken', 500, `${path} is not readable JSON.`, {
      remedy: 'Restore it from a copy, or remove the whole folder to start afresh.',
      cause,
    });
  }
}

export function writeSettings(folder: string, name: string, settings: object): void {
  const path = join(folder, `${name}.json`);
  writeFileSync(`${path}.new`, JSON.stringify(settings, null, 2) + '\n', { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function makeFolder(folder: string): void {
  try {
    makeWithParents(resolve(folder));
    if (!statSync(folder).isDirectory()) throw new Error('it is a file.');
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new DomainError(
      'data_folder_unusable',
      500,
      `The folder ${folder} cannot be used: ${(cause as Error).message}`,
      {
        remedy: 'Choose another folder with --data-dir, or correct its owner and permissions.',
        cause,
      },
    );
  }
}

/** As mkdir's `recursive`, which never returns in Node 20 where a parent cannot hold folders (/proc). */
function makeWithParents(folder: string): void {
  if (existsSync(folder)) return;
  makeWithParents(dirname(folder));
  mkdirSync(folder, { mode: 0o755 });
}

/** Who uses a folder: the process id, and when it was started, because ids are used again. */
export interface Owner {
  pid: number;
  startedAt: string;
}

export const thisProcess = (): Owner => ({ pid: process.pid, startedAt: processStart(process.pid) ?? '' });

/** Refuses a folder whose services another living process owns: two owners would stop each other's. */
export function refuseOtherOwner(folder: string, owner: Owner | undefined): void {
  if (!owner || owner.pid === process.pid || processStart(owner.pid) !== owner.startedAt) return;
  throw new DomainError(
    'data_folder_in_use',
    409,
    `${folder} is in use by the running process ${owner.pid}.`,
    {
      remedy: `Stop that process (kill ${owner.pid}), or choose another folder with --data-dir.`,
    },
  );
}

/** When a living process was started, in the kernel's ticks; null when there is none. Zombies count as gone. */
export function processStart(pid: number): string | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return fields[0] === 'Z' ? null : fields[19]!;
  } catch {
    return null;
  }
}

export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** The wanted port of 127.0.0.1 if it is free, else null; for 0 any free one. */
export function freePort(wanted: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : null));
    });
  });
}

/** A free port of 127.0.0.1. A demanded one must be free; a remembered one is only preferred. */
export async function choosePort(demanded?: number, remembered?: number): Promise<number> {
  if (demanded) {
    if (await freePort(demanded)) return demanded;
    throw new DomainError('port_in_use', 409, `Port ${demanded} of 127.0.0.1 is in use.`, {
      remedy: `Stop what listens there (ss -ltnp 'sport = :${demanded}'), or choose another port.`,
    });
  }
  return (await freePort(remembered ?? 0)) ?? (await freePort(0))!;
}
