import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { lendFolder, removeAbandonedFolders } from './lend-folder.js';

it('lends a folder of its own for the time of a work, whether it succeeds or fails', async () => {
  const lent: string[] = [];
  const work = async (folder: string) => {
    lent.push(folder);
    await writeFile(join(folder, 'file'), 'x');
    if (lent.length === 2) throw new Error('failed');
    return 'done';
  };

  expect(await lendFolder(work)).toBe('done');
  await expect(lendFolder(work)).rejects.toThrow('failed');

  expect(new Set(lent).size).toBe(2);
  expect(lent.filter(existsSync)).toEqual([]);
});

it('keeps nobody from starting where there is no temporary folder', async () => {
  vi.stubEnv('TMPDIR', '/nowhere');

  await expect(removeAbandonedFolders()).resolves.toBeUndefined();
  vi.unstubAllEnvs();
});

it('removes what a killed process was lent, and nothing of one that lives', async () => {
  const { pid: dead } = spawnSync(process.execPath, ['-e', '']);

  await lendFolder(async (folder) => {
    const abandoned = join(dirname(folder), basename(folder).replace(`_${process.pid}_`, `_${dead}_`));
    await mkdir(abandoned);
    await writeFile(join(abandoned, 'file'), 'x');

    await removeAbandonedFolders();

    expect([existsSync(abandoned), existsSync(folder)]).toEqual([false, true]);
  });
});
