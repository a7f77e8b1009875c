import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startBuildFolder, withLock } from './cache.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('two at once work one after the other, and the second is told whom it waits for', async () => {
  const lock = join(folder, 'engine.lock');
  const story: string[] = [];
  const work = (name: string) =>
    withLock(
      lock,
      (holder) => story.push(`${name} waits for ${holder}`),
      async () => {
        story.push(`${name} begins`);
        await wait(100);
        story.push(`${name} ends`);
      },
    );
  const first = work('first');
  await wait(20);
  await Promise.all([first, work('second')]);

  expect(story).toEqual([
    'first begins',
    `second waits for process ${process.pid} on ${hostname()}`,
    'first ends',
    'second begins',
    'second ends',
  ]);
  expect(await readdir(folder)).toEqual([]);
});

test('the lock of a killed process is taken over at once, by one of several', async () => {
  const lock = join(folder, 'engine.lock');
  await mkdir(lock);
  const dead = spawnSync(process.execPath, ['--version']).pid;
  await writeFile(join(lock, 'holder.json'), JSON.stringify({ token: 'old', pid: dead, host: hostname() }));

  let inside = 0;
  let most = 0;
  const work = () =>
    withLock(
      lock,
      () => undefined,
      async () => {
        most = Math.max(most, ++inside);
        await wait(50);
        inside--;
      },
    );
  const startedAt = performance.now();
  await Promise.all([work(), work(), work()]);

  expect(most).toBe(1);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

test('the lock is free again after work that failed', async () => {
  const lock = join(folder, 'engine.lock');
  const fail = withLock(
    lock,
    () => undefined,
    () => Promise.reject(new Error('no')),
  );

  await expect(fail).rejects.toThrow('no');
  await expect(
    withLock(
      lock,
      () => undefined,
      () => Promise.resolve('yes'),
    ),
  ).resolves.toBe('yes');
});

test('a new build removes what a killed one left, and nothing of another engine', async () => {
  for (const name of ['native-1.partial-dead', 'native-1.lock', 'cuda-1.partial-busy'])
    await mkdir(join(folder, name));

  const build = await startBuildFolder(join(folder, 'native-1'));

  expect(build).toMatch(/native-1\.partial-/);
  const left = await readdir(folder);
  expect(left).toHaveLength(3);
  expect(left).toEqual(expect.arrayContaining(['native-1.lock', 'cuda-1.partial-busy']));
});
