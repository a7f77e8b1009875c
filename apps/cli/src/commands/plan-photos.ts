import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { DomainError, type PictureFormat } from '@chromatune/contracts';
import { fileReason } from '../output/file-reason.js';

/** A photograph and where its coloured picture goes. */
export interface PlannedPhoto {
  source: string;
  target: string;
  format: PictureFormat;
}

/** A file of a folder that looks like a picture and is not read. */
export interface SkippedFile {
  file: string;
  reason: string;
}

/**
 * The photographs among these files and folders, each with a target of its own below `out`: JPEG for JPEG, PNG for all
 * else. Pictures of a folder keep their places in it; what lies below `out` is none of them, unless `out` is that folder or
 * around it.
 * @throws DomainError when there is none, or a target is one of the sources
 */
export async function planPhotos(
  given: string[],
  out: string,
): Promise<{ photos: PlannedPhoto[]; skipped: SkippedFile[] }> {
  const all = await Promise.all(given.map((one) => findPhotos(one, out)));
  const found = all.flatMap(({ photos }) => photos);
  if (found.length === 0) {
    throw new DomainError('no_photos', 400, `There are no photographs in ${given.join(', ')}.`, {
      remedy: 'JPEG, PNG, WebP, TIFF and AVIF are read.',
    });
  }
  const taken = new Set<string>();
  const planned = found.map(({ source, name }): PlannedPhoto => {
    const isJpeg = /\.jpe?g$/i.test(name);
    const stem = name.slice(0, name.length - path.extname(name).length);
    const ending = isJpeg ? path.extname(name) : '.png';
    const target = path.join(out, freeName(stem, ending, taken));
    return { source, target, format: isJpeg ? 'jpeg' : 'png' };
  });
  await refuseOverwriting(planned);
  return { photos: planned, skipped: all.flatMap(({ skipped }) => skipped) };
}

interface Found {
  /** `name` is the path below the folder that was given, or the file's own name. */
  photos: { source: string; name: string }[];
  skipped: SkippedFile[];
}

async function findPhotos(given: string, out: string): Promise<Found> {
  const about = await stat(given).catch((cause) => {
    throw unreadablePhoto(given, fileReason(cause), cause);
  });
  if (!about.isDirectory()) {
    return { photos: [{ source: path.resolve(given), name: path.basename(given) }], skipped: [] };
  }
  const { listPhotos } = await import('@chromatune/data');
  const { photos, skipped } = await listPhotos(given);
  const isEarlier = await earlierPictures(given, out);
  return {
    photos: photos
      .filter((photo) => !isEarlier(photo.path))
      .map((photo) => ({ source: path.resolve(given, photo.path), name: photo.path })),
    skipped: skipped
      .filter(({ file }) => !isEarlier(file))
      .map(({ file, reason }) => ({ file: path.resolve(given, file), reason })),
  };
}

/** Which paths below a given folder are of pictures that the same command made before: those below `out`, if it lies within. */
async function earlierPictures(given: string, out: string): Promise<(inside: string) => boolean> {
  const [root, target] = await Promise.all([given, out].map((folder) => realpath(folder).catch(() => null)));
  const below = root && target ? path.relative(root, target) : '';
  if (below === '' || path.isAbsolute(below) || below.split(path.sep)[0] === '..') return () => false;
  return (inside) => path.normalize(inside).startsWith(below + path.sep);
}

/** "a.png", or "a-2.png" when another photograph has that. */
function freeName(stem: string, ending: string, taken: Set<string>): string {
  for (let copy = 1; ; copy++) {
    const name = copy === 1 ? `${stem}${ending}` : `${stem}-${copy}${ending}`;
    if (taken.has(name.toLowerCase())) continue; // some file systems take A.png for a.png
    taken.add(name.toLowerCase());
    return name;
  }
}

async function refuseOverwriting(planned: PlannedPhoto[]): Promise<void> {
  const sources = new Set(await Promise.all(planned.map(({ source }) => identityOf(source))));
  for (const { target } of planned) {
    const identity = await identityOf(target);
    if (identity === null || !sources.has(identity)) continue;
    throw new DomainError('would_overwrite', 400, `${target} is one of the photographs, and would be lost.`, {
      remedy: 'Name another folder with --out.',
    });
  }
}

/** The same for every name of a file, null when there is none. */
async function identityOf(file: string): Promise<string | null> {
  const about = await stat(file).catch(() => null);
  if (about === null) return null;
  return about.ino === 0 ? await realpath(file) : `${about.dev}:${about.ino}`;
}

export const unreadablePhoto = (file: string, why: string, cause?: unknown) =>
  new DomainError('unreadable_photo', 400, `${file} cannot be read: ${why}.`, {
    remedy: 'Name photographs, or folders of them.',
    cause,
  });
