import { constants } from 'node:fs';
import { copyFile, mkdir, open, rename, rm } from 'node:fs/promises';
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
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await synchronize(path.dirname(target));
}

/** Copies by reference where the file system can. */
export const copyQuickly = (source: string, target: string) =>
  copyFile(source, target, constants.COPYFILE_FICLONE);

async function synchronize(fileOrFolder: string): Promise<void> {
  const handle = await open(fileOrFolder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
