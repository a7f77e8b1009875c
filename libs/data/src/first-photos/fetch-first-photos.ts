import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DomainError } from '@chromatune/contracts';
import { withDiskErrors } from '../import/disk-error.js';
import { type Progress } from '../import/import-options.js';
import { type FirstPhotos, firstPhotos, photographPackages, readFirstPhotos } from './first-photos.js';

const run = promisify(execFile);

/** Fewer than this, and a first training would have nothing to show. */
const leastPhotographs = 30;

/**
 * Photographs for the first start: downloads Debian packages through apt (about 110 MB), unpacks them without installing
 * anything, and leaves the photographs in `folder`. What is there already is not fetched again.
 * @throws DomainError where apt is not there or cannot reach its servers; it names what can be done instead
 */
export async function fetchFirstPhotos({
  folder,
  onProgress = () => {},
  signal,
}: {
  folder: string;
  onProgress?: Progress;
  signal?: AbortSignal;
}): Promise<FirstPhotos> {
  const there = await readFirstPhotos(folder);
  if (there) return there;
  return withDiskErrors(folder, async () => {
    await mkdir(join(folder, '..'), { recursive: true });
    const downloads = await mkdtemp(`${folder}.download-`);
    try {
      const debs = await download(downloads, onProgress, signal);
      for (const [index, deb] of debs.entries()) {
        onProgress(index, debs.length, 'unpacking photographs');
        await run('dpkg-deb', ['-x', join(downloads, deb), join(downloads, deb.split('_')[0]!)], { signal });
      }
      const photos = await firstPhotos({ packages: downloads, folder, onProgress });
      if (photos.photographs < leastPhotographs) {
        await rm(folder, { recursive: true });
        throw unavailable(`the packages hold only ${photos.photographs} photographs that can be used`);
      }
      return photos;
    } finally {
      await rm(downloads, { recursive: true, force: true });
    }
  });
}

async function download(folder: string, onProgress: Progress, signal?: AbortSignal): Promise<string[]> {
  const known = await knownPackages();
  const total = known.reduce((sum, { bytes }) => sum + bytes, 0);
  const report = async () =>
    onProgress(Math.min(total, await bytesIn(folder)), total, 'downloading photographs');
  const timer = setInterval(() => void report(), 200);
  try {
    for (const { name } of known) {
      signal?.throwIfAborted();
      await run('apt-get', ['download', '-q', name], { cwd: folder, signal }).catch((error) => {
        throw unavailable(`apt-get download ${name} failed: ${reasonOf(error)}`, error);
      });
    }
  } finally {
    clearInterval(timer);
  }
  await report();
  return (await readdir(folder)).filter((file) => file.endsWith('.deb')).sort();
}

/** The packages that apt knows here, with their sizes. As root, its lists are fetched when it knows none. */
async function knownPackages(): Promise<{ name: string; bytes: number }[]> {
  let known = await askForPackages();
  if (known.length === 0 && process.getuid?.() === 0) {
    await run('apt-get', ['update', '-q']).catch((error) => {
      throw unavailable(`apt-get update failed: ${reasonOf(error)}`, error);
    });
    known = await askForPackages();
  }
  if (known.length === 0) {
    throw unavailable(
      'apt knows none of the packages; its lists may be missing ("sudo apt-get update" fetches them)',
    );
  }
  return known;
}

async function askForPackages(): Promise<{ name: string; bytes: number }[]> {
  const known: { name: string; bytes: number }[] = [];
  for (const name of photographPackages) {
    const { stdout } = await run('apt-get', ['download', '--print-uris', '-qq', name]).catch((error) => {
      if (error.code === 'ENOENT') throw unavailable('apt-get is not on this machine', error);
      return { stdout: '' };
    });
    const bytes = /^'[^']+' \S+ (\d+)/m.exec(stdout)?.[1];
    if (bytes) known.push({ name, bytes: Number(bytes) });
  }
  return known;
}

async function bytesIn(folder: string): Promise<number> {
  let sum = 0;
  for (const file of await readdir(folder).catch(() => [])) {
    sum += (await stat(join(folder, file)).catch(() => null))?.size ?? 0;
  }
  return sum;
}

/** The first line in which apt says what is wrong. */
function reasonOf(error: { stderr?: string; message: string }): string {
  const lines = (error.stderr ?? '').split('\n').filter((line) => line.startsWith('E:'));
  return (lines[0] ?? error.message.split('\n')[0]!).slice(0, 300);
}

function unavailable(why: string, cause?: unknown): DomainError {
  return new DomainError(
    'no_photographs',
    503,
    `The photographs of the first start cannot be fetched: ${why}.`,
    {
      remedy: 'Use pictures of your own with --photos DIR, or the procedural set "synthetic scenes".',
      cause,
    },
  );
}
