import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * Makes `target` by writing a temporary file first, so that it appears whole or not at all, also after a power cut:
 * the bytes reach the disk before the name does.
 */
export async function writeAtomically(
  target: string,
  temporary: string,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  try {
    await write(temporary);
    await synchronize(temporary);
    await moveInto(target, temporary);
  } finally {
    await rm(temporary, { force: true }); // also where the target was this very file: then renaming does nothing
  }
  await synchronize(path.dirname(target)).catch(ignoreMissing); // removed meanwhile, and its folder with it
}

/** A store removes folders that are empty, also one that was just made for this: then it is made again. */
async function moveInto(target: string, temporary: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await mkdir(path.dirname(target), { recursive: true });
      return await rename(temporary, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === mostMoves) throw error;
    }
  }
}

/** Another process would have to remove the folder within microseconds, this often in a row. */
const mostMoves = 20;

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** Copies by reference where the file system can. */
export const copyQuickly = (source: string, target: string) =>
  copyFile(source, target, constants.COPYFILE_FICLONE);

/** One more name for the same file where the file system can, otherwise a copy. */
export async function linkOrCopy(source: string, target: string): Promise<void> {
  await link(source, target).catch(() => copyQuickly(source, target));
}

async function synchronize(fileOrFolder: string): Promise<void> {
  const handle = await open(fileOrFolder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
