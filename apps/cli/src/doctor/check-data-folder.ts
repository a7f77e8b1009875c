import { existsSync } from 'node:fs';
import { mkdtemp, rmdir, statfs } from 'node:fs/promises';
import path from 'node:path';
import { bytesText } from '../output/format.js';
import type { Finding } from './finding.js';

/** A few sweeps with their samples and checkpoints, and the parts that npm start may have to get. */
const comfortableBytes = 5 * 1024 ** 3;
const leastBytes = 512 * 1024 ** 2;

export async function checkDataFolder(folder: string): Promise<Finding> {
  const name = 'data folder';
  const present = nearestExisting(folder);
  try {
    await rmdir(await mkdtemp(path.join(present, '.chromatune-doctor-'))); // permissions alone do not say it
  } catch {
    return {
      name,
      status: 'problem',
      detail: `${folder} cannot be written`,
      remedy: 'Change its permissions, or choose another: npm start -- --data-dir DIR.',
    };
  }
  const { bavail, bsize } = await statfs(present);
  const free = bavail * bsize;
  const detail = `${folder}${present === folder ? '' : ' (not made yet)'}, ${bytesText(free)} free`;
  if (free >= comfortableBytes) return { name, status: 'ok', detail };
  return {
    name,
    status: free < leastBytes ? 'problem' : 'note',
    detail,
    remedy: `Free some space: ${bytesText(comfortableBytes)} is comfortable. Or choose another: npm start -- --data-dir DIR.`,
  };
}

function nearestExisting(folder: string): string {
  return existsSync(folder) ? folder : nearestExisting(path.dirname(folder));
}
