import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { startRedis as startLocalRedis } from '@chromatune/local';
import { openDatabase } from '@chromatune/database';
import { expect, test, vi } from 'vitest';
import { endWithOwner } from './end-with-owner.js';
import { cloneDatabase, startPostgres } from './postgres.js';
import { startRedis } from './redis.js';
import { temporaryFolder } from './temporary-folder.js';

test('ends a service and removes its folder when its owner is killed', async () => {
  const folder = temporaryFolder();
  const owner = spawn('sleep', ['600']);
  const service = await startLocalRedis({ folder, persistent: false, outlivesUs: true });
  endWithOwner({ pid: service.pid, owner: owner.pid!, folder });

  owner.kill('SIGKILL');
  const exit = await service.exited;

  expect(exit).toEqual({ code: 0, signal: null });
  await vi.waitUntil(() => !existsSync(folder), { timeout: 5000 });
});

test('clones databases that know nothing of each other, on one server', async () => {
  const clones = await Promise.all([cloneDatabase(), cloneDatabase(), cloneDatabase()]);
  const databases = await Promise.all(clones.map((clone) => openDatabase(clone.url)));
  const trainer = { id: 'only-here', host: 'h', pool: 'default', slots: 1, engineReason: '', memoryBytes: 1 };
  const environment = {
    engine: 'portable' as const,
    engineVersion: '1',
    device: 'cpu',
    threads: 1,
    deterministic: true,
    codeVersion: '1',
  };

  await databases[1]!.trainers.register({ ...trainer, environment });

  const counts = await Promise.all(
    databases.map(async (database) => (await database.trainers.list()).length),
  );
  expect(counts).toEqual([0, 1, 0]);
  expect(new Set(clones.map((clone) => new URL(clone.url).port))).toEqual(
    new Set([new URL((await startPostgres()).url).port]),
  );
  await Promise.all(databases.map((database) => database.close()));
  await Promise.all(clones.map((clone) => clone.drop()));
  await expect(openDatabase(clones[0]!.url)).rejects.toMatchObject({ code: 'database_unavailable' });
});

test('lends a Redis that forgets everything when it is flushed', async () => {
  const redis = await startRedis();
  await say(redis.url, 'SET story 1');

  await redis.flush();

  expect(await say(redis.url, 'DBSIZE')).toContain(':0');
  await redis.stop();
});

function say(url: string, command: string): Promise<string> {
  const { port, password } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port: Number(port), host: '127.0.0.1' });
    let answer = '';
    socket.on('data', (data) => (answer += data.toString()));
    socket.once('close', () => resolve(answer));
    socket.once('error', reject);
    socket.write(`AUTH ${password}\r\n${command}\r\nQUIT\r\n`);
  });
}
