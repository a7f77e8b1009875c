import { randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** What another machine left is taken for abandoned after this time. */
const staleAfterMs = 24 * 3600 * 1000;

/** Says whose it is, so that only what its owner can no longer finish is removed. */
export const ownedName = () => `${os.hostname()}_${process.pid}_${randomBytes(6).toString('hex')}`;

/** Removes the files and folders in `folder` whose names are `prefix` and an owner that is gone. */
export async function removeAbandoned(folder: string, prefix = ''): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix)) continue;
    const entry = path.join(folder, name);
    const age = await stat(entry).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    if (age > staleAfterMs || isOfDeadProcess(name.slice(prefix.length)))
      await rm(entry, { recursive: true, force: true }).catch(() => {}); // another account's, which may do it itself
  }
}

function isOfDeadProcess(name: string): boolean {
  const [host, pid] = name.split('_');
  if (host !== os.hostname() || !pid) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
