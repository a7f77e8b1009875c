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
    await mkdir(path.dirname(target), { recursive: true });
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true }); // also where the target was this very file: then renaming does nothing
  }
  await synchronize(path.dirname(target));
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
