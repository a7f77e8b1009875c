import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownedName, removeAbandoned } from '@chromatune/storage';

const prefix = 'chromatune-work-';

/** Lends a work an empty folder among the system's temporary ones, and removes it afterwards. */
export async function lendFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = join(tmpdir(), prefix + ownedName());
  await mkdir(folder, { mode: 0o700 });
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes what processes that were killed had been lent, as far as it can: nothing else needs it. */
export const removeAbandonedFolders = () => removeAbandoned(tmpdir(), prefix).catch(() => {});
