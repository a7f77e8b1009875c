import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import { openDatabase } from '@chromatune/database';
import * as local from '@chromatune/local';
import pg from 'pg';
import { endWithOwner } from './end-with-owner.js';
import { temporaryFolder } from './temporary-folder.js';

export interface TestServer {
  /** The maintenance database, as superuser. */
  url: string;
  pid: number;
}

const template = 'chromatune_template';

/** Vitest runs each file in a process of its own and is their parent: they share one server, which ends with it. */
const owner = process.env['VITEST'] ? process.ppid : process.pid;
const folder = join(
  tmpdir(),
  `chromatune-postgres-${userInfo().username}-${owner}-${local.processStart(owner)}`,
);
let server: Promise<TestServer> | undefined;

/** The one PostgreSQL of this test run, with a migrated template. The first caller starts it, within 2 s. */
export function startPostgres(): Promise<TestServer> {
  server ??= shareServer();
  return server;
}

/** A new database with the newest schema and no rows, in about 0.1 s. */
export async function cloneDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const { url } = await startPostgres();
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(url, `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`);
  return {
    url: withDatabase(url, name),
    drop: () => administer(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

export interface OwnServer extends TestServer {
  stop(): Promise<void>;
  /** On the same port and data, after it was stopped or killed. */
  startAgain(): Promise<OwnServer>;
}

/** A server that a test may kill, with an empty database. It ends with this process at the latest. */
export async function startOwnPostgres(
  folder = temporaryFolder('own-postgres'),
  port?: number,
): Promise<OwnServer> {
  const service = await local.startPostgres({
    folder,
    durable: false,
    outlivesUs: true,
    ...(port ? { port } : {}),
  });
  endWithOwner({ pid: service.pid });
  return { ...service, startAgain: () => startOwnPostgres(folder, service.port) };
}

async function shareServer(): Promise<TestServer> {
  for (;;) {
    const shared = readShared();
    if (shared) return shared;
    if (takeLock()) {
      try {
        return await startShared();
      } finally {
        rmSync(join(folder, 'lock'), { recursive: true, force: true });
      }
    }
    await sleep(50);
  }
}

async function startShared(): Promise<TestServer> {
  const already = readShared();
  if (already) return already;
  const service = await local.startPostgres({
    folder: join(folder, 'postgres'),
    databaseName: template,
    durable: false,
    outlivesUs: true,
  });
  endWithOwner({ pid: service.pid, folder, owner });
  const database = await openDatabase(service.url, { poolSize: 2, applicationName: 'template' });
  await database.migrate();
  await database.close();
  const shared = { url: withDatabase(service.url, 'postgres'), pid: service.pid };
  writeFileSync(join(folder, 'shared.new'), JSON.stringify(shared), { mode: 0o600 });
  renameSync(join(folder, 'shared.new'), join(folder, 'shared.json'));
  return shared;
}

function readShared(): TestServer | null {
  const path = join(folder, 'shared.json');
  if (!existsSync(path)) return null;
  const shared = JSON.parse(readFileSync(path, 'utf8')) as TestServer;
  return existsSync(`/proc/${shared.pid}`) ? shared : null;
}

/** Making a folder is atomic. One whose maker was killed goes with the rest at the end of the run. */
function takeLock(): boolean {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  try {
    mkdirSync(join(folder, 'lock'));
    return true;
  } catch {
    return false;
  }
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
