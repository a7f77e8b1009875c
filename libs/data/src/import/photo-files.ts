import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { ImportError } from './import-options.js';

/** A picture file as found in a folder; `path` is relative to it, with `/`. */
export interface PhotoFile {
  path: string;
  bytes: number;
  modified: number;
}

export interface PhotoList {
  photos: PhotoFile[];
  /** Files that look like pictures and are not read, with the reason. */
  skipped: { file: string; reason: string }[];
}

const read = /\.(jpe?g|png|webp|tiff?|avif)$/i;
const otherPictures = /\.(gif|bmp|heic|heif|jxl|jp2|svg|psd|cr2|cr3|nef|arw|dng|raw)$/i;
/** A larger file is no photograph; it would also have to be held in memory. */
const mostBytes = 512 * 1024 * 1024;

/**
 * Lists the pictures of a folder and its sub-folders, sorted by path. Hidden files are left out. Links are not followed,
 * so nothing outside of the folder is read and nothing twice.
 * @throws ImportError when the folder cannot be read
 */
export async function listPhotos(folder: string): Promise<PhotoList> {
  const root = await realpath(folder).catch((cause) => {
    throw unreadableFolder(folder, cause);
  });
  const found: PhotoList = { photos: [], skipped: [] };
  await walk(root, '', found).catch((cause) => {
    throw cause instanceof ImportError ? cause : unreadableFolder(folder, cause);
  });
  const byPath = (a: string, b: string) => (a < b ? -1 : 1);
  found.photos.sort((a, b) => byPath(a.path, b.path));
  found.skipped.sort((a, b) => byPath(a.file, b.file));
  return found;
}

async function walk(root: string, inside: string, found: PhotoList): Promise<void> {
  for (const entry of await readdir(join(root, inside), { withFileTypes: true })) {
    const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) await walk(root, path, found);
    else if (entry.isSymbolicLink()) await noteLink(root, path, found);
    else if (entry.isFile()) await noteFile(root, path, found);
  }
}

async function noteFile(root: string, path: string, found: PhotoList): Promise<void> {
  if (otherPictures.test(path)) {
    const format = path.slice(path.lastIndexOf('.') + 1).toUpperCase();
    found.skipped.push({ file: path, reason: `${format} is not read; JPEG, PNG, WebP, TIFF and AVIF are` });
  }
  if (!read.test(path)) return;
  const { size, mtimeMs } = await stat(join(root, path));
  if (size > mostBytes) found.skipped.push({ file: path, reason: 'larger than 512 MiB' });
  else found.photos.push({ path, bytes: size, modified: mtimeMs });
}

async function noteLink(root: string, path: string, found: PhotoList): Promise<void> {
  const target = await realpath(join(root, path)).catch(() => null);
  const outside = target === null || relative(root, target).split(sep)[0] === '..';
  if (outside && (read.test(path) || !path.includes('.'))) {
    found.skipped.push({ file: path, reason: 'a link that leads out of the folder' });
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'there is no such folder';
  return code === 'ENOTDIR' ? 'it is a file' : (code ?? message);
}

function unreadableFolder(folder: string, cause: NodeJS.ErrnoException): ImportError {
  return new ImportError(
    'unreadable_folder',
    `The folder ${folder} cannot be read: ${reasonOf(cause)}.`,
    'Check its name and that this user may read it.',
    cause,
  );
}
