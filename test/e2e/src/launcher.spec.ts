import path from 'node:path';
import { health, trainer } from '@chromatune/contracts';
import { startPlatform, temporaryFolder, until } from '@chromatune/test-support';
import { expect, it } from 'vitest';
import { z } from 'zod';

it('leaves no process after Ctrl-C, and starts again on what it kept', { timeout: 180_000 }, async () => {
  const folder = path.join(temporaryFolder('launcher'), 'data');
  const first = await startPlatform({ folder, arguments: ['--no-sweep'] });
  await first.cli('data', 'import', 'synthetic', '--name', 'kept', '--size', '32', '--images', '40');
  const pids = Object.values(first.pids());

  expect(await first.stop()).toBe(0);

  expect(pids.filter(isAlive)).toEqual([]);
  const second = await startPlatform({ folder, arguments: ['--no-sweep'] });
  const datasets = await second.get('datasets', z.array(z.object({ name: z.string() })));
  expect(datasets.map(({ name }) => name)).toEqual(['kept']);
  await second.stop();
});

it('leaves no process either when it is killed itself', { timeout: 180_000 }, async () => {
  const folder = path.join(temporaryFolder('launcher'), 'data');
  const platform = await startPlatform({ folder, arguments: ['--no-sweep'] });
  await until('a trainer', async () => platform.pids().trainer !== undefined);
  const pids = Object.values(platform.pids());
  expect(pids.filter(isAlive)).toHaveLength(5);

  process.kill(platform.pids().launcher!, 'SIGKILL');

  await until('the end of what it started', async () => !pids.some(isAlive), 60_000);
});

it('starts again whatever dies', { timeout: 180_000 }, async () => {
  const folder = path.join(temporaryFolder('launcher'), 'data');
  const platform = await startPlatform({ folder, arguments: ['--no-sweep'] });
  await until('a trainer', async () =>
    (await platform.get('trainers', z.array(trainer))).some(({ online }) => online),
  );
  const { launcher: _, ...before } = platform.pids();

  for (const pid of Object.values(before)) process.kill(pid, 'SIGKILL');

  await until('everything started again', async () => {
    const { launcher: __, ...now } = platform.pids();
    const isNew = Object.entries(before).every(([name, pid]) => now[name] !== undefined && now[name] !== pid);
    return isNew && (await platform.get('health', health)).status === 'ok';
  });
  await platform.stop();
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
