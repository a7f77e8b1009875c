import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { trainerId } from '@chromatune/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTrainerFolder } from './trainer-folder.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-trainer-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("a trainer's folder", () => {
  it('keeps the id of its trainer between starts', async () => {
    const first = await openTrainerFolder(folder);
    await first.release();
    const second = await openTrainerFolder(folder);
    await second.release();

    expect(trainerId.parse(first.trainerId)).toBe(second.trainerId);
  });

  it('refuses a second trainer while the first one lives, and says what to do', async () => {
    const first = await openTrainerFolder(folder);

    await expect(openTrainerFolder(folder)).rejects.toMatchObject({
      code: 'trainer_folder_in_use',
      message: expect.stringContaining(`process ${process.pid} on`),
      remedy: expect.stringContaining('TRAINER_FOLDER'),
    });
    await first.release();
  });

  it('lets exactly one in when several start at once, also over a stale lock', async () => {
    for (let round = 0; round < 50; round++) {
      await writeFile(join(folder, 'trainer.lock'), staleLock({ pid: 2 ** 22 + 1 }));

      const opened = await Promise.allSettled(Array.from({ length: 8 }, () => openTrainerFolder(folder)));

      const winners = opened.filter((result) => result.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      await winners[0]!.value.release();
    }
  });

  it.each([
    ['of a process that is gone', staleLock({ pid: 2 ** 22 + 1 })],
    ['of a process whose number another one has now', staleLock({ pid: process.pid, startedAt: '1' })],
    ['that is half written', '{"pid":'],
  ])('takes over a lock %s', async (_, lock) => {
    await writeFile(join(folder, 'trainer.lock'), lock);

    const opened = await openTrainerFolder(folder);

    expect(JSON.parse(await readFile(join(folder, 'trainer.lock'), 'utf8'))).toMatchObject({
      pid: process.pid,
    });
    await opened.release();
    expect((await readdir(folder)).sort()).toEqual(['attempts', 'trainer-id']);
  });

  it('respects a lock that another host touched lately', async () => {
    await writeFile(join(folder, 'trainer.lock'), staleLock({ pid: 1, host: 'elsewhere' }));

    await expect(openTrainerFolder(folder)).rejects.toMatchObject({ code: 'trainer_folder_in_use' });
  });

  it('that cannot be made is an error with a remedy', async () => {
    await writeFile(join(folder, 'file'), '');

    await expect(openTrainerFolder(join(folder, 'file'))).rejects.toMatchObject({
      code: 'trainer_folder_unwritable',
    });
  });
});

function staleLock(changes: { pid: number; host?: string; startedAt?: string }) {
  return JSON.stringify({ host: hostname(), startedAt: '5', token: 'old', ...changes });
}
