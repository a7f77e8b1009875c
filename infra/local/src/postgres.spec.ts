import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startPostgres } from './postgres.js';
import { type LocalService, processStart } from './service-process.js';

const started: LocalService[] = [];
const folders: string[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.stop()));
  folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true }));
});

test('starts an empty folder, and again after a stop, on the same port with the same password', async () => {
  const folder = newFolder();

  const first = await start(folder);
  await first.stop();
  const exit = await first.exited;
  const second = await start(folder);

  expect(exit).toEqual({ code: 0, signal: null });
  expect(second.url).toBe(first.url);
  expect(statSync(join(folder, 'postgres.json')).mode & 0o777).toBe(0o600);
});

test('goes on after its server was killed with SIGKILL', async () => {
  const folder = newFolder();
  const first = await start(folder);
  process.kill(first.pid, 'SIGKILL');
  const exit = await first.exited;

  const second = await start(folder);

  expect(exit.signal).toBe('SIGKILL');
  expect(processStart(second.pid)).not.toBeNull();
});

test('stops the server that a killed owner left behind before it starts its own', async () => {
  const folder = newFolder();
  const orphan = await start(folder);

  const next = await start(folder);

  expect(await orphan.exited).toEqual({ code: 0, signal: null });
  expect(next.pid).not.toBe(orphan.pid);
});

test('does not touch a stranger that now has the process id in postmaster.pid', async () => {
  const folder = newFolder();
  const first = await start(folder);
  await first.stop();
  const stranger = spawn('sleep', ['60']);
  const { data } = readSettings(folder);
  writeFileSync(join(data, 'postmaster.pid'), `${stranger.pid}\n${data}\n`);

  await start(folder);

  expect(processStart(stranger.pid!)).not.toBeNull();
  stranger.kill();
});

test('refuses a folder that another living process owns', async () => {
  const folder = newFolder();
  const first = await start(folder);
  await first.stop();
  const owner = { pid: process.ppid, startedAt: processStart(process.ppid) };
  writeFileSync(join(folder, 'postgres.json'), JSON.stringify({ ...readSettings(folder), owner }));

  await expect(start(folder)).rejects.toMatchObject({ code: 'data_folder_in_use', status: 409 });
});

test('refuses a demanded port that is taken, and says which', async () => {
  const { server, port } = await occupyPort();

  await expect(startPostgres({ folder: newFolder(), port, durable: false })).rejects.toMatchObject({
    code: 'port_in_use',
    message: `Port ${port} of 127.0.0.1 is in use.`,
  });
  server.close();
});

test('shows the words of the server when it cannot start', async () => {
  const folder = newFolder();
  const first = await start(folder);
  await first.stop();
  writeFileSync(join(readSettings(folder).data, 'postgresql.conf'), 'no such setting = 1\n');

  await expect(start(folder)).rejects.toMatchObject({
    code: 'postgres_start_failed',
    message: expect.stringContaining('configuration file') as string,
    remedy: expect.stringContaining('postgres.log') as string,
  });
});

test('says what is lost when the password file is gone', async () => {
  const folder = newFolder();
  const first = await start(folder);
  await first.stop();
  rmSync(join(folder, 'postgres.json'));

  await expect(start(folder)).rejects.toMatchObject({
    message: expect.stringContaining('password') as string,
  });
});

test.runIf(process.getuid?.() === 0)(
  'keeps the data elsewhere when its account cannot enter the folder',
  async () => {
    const home = newFolder();
    chmodSync(home, 0o700);
    const folder = join(home, 'repository/.chromatune/postgres');

    const first = await start(folder);
    await first.stop();
    const { data } = readSettings(folder);
    folders.push(join(data, '..'));
    const second = await start(folder);

    expect(data).toMatch(/^\/var\/lib\/chromatune\/[0-9a-f]{16}\/postgres$/);
    expect(second.url).toBe(first.url);
  },
);

async function start(folder: string): Promise<LocalService> {
  const service = await startPostgres({ folder, durable: false });
  started.push(service);
  return service;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'chromatune-postgres-'));
  chmodSync(folder, 0o755);
  folders.push(folder);
  return folder;
}

const readSettings = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'postgres.json'), 'utf8')) as { data: string; password: string };

function occupyPort(): Promise<{ server: Server; port: number }> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () =>
      resolve({ server, port: (server.address() as { port: number }).port }),
    );
  });
}
