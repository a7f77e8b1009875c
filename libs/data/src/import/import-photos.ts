import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type DatasetManifest } from '@chromatune/contracts';
import sharp from 'sharp';
import { type DatasetPlan, finishImport } from './assemble.js';
import { checkCommonOptions, ImportError, type ImportOptions, type ImportResult } from './import-options.js';
import { findLookAlikes } from './look-alikes.js';
import { listPhotos, type PhotoFile, type PhotoList } from './photo-files.js';
import {
  decodePhotograph,
  inParallel,
  type Inspection,
  inspectPhotograph,
  type Picture,
} from './photograph.js';
import { pictureRows, smallestCrop } from './picture-rows.js';
import { WorkFolder } from './work-folder.js';

export type SourceCredit = DatasetManifest['card']['credits'][number];

export interface PhotoImportOptions extends ImportOptions {
  /** The folder with the photographs; sub-folders are read too. */
  folder: string;
  /** Side of the square images, in pixels. Default 64. */
  imageSize?: number;
  /** Random crops of each training photograph. Default 8. */
  cropsPerPhoto?: number;
  /** Who made the photographs; `file` is the path inside the folder. */
  credits?: SourceCredit[];
  title?: string;
  description?: string;
}

/**
 * Makes a dataset version of a folder of photographs (JPEG, PNG, WebP, TIFF, AVIF). Files that cannot be used are listed in
 * the manifest with the reason. The same files and options give the same digest, on another day and in another folder.
 * @throws ImportError when nothing can be made of the folder; DomainError when the disk is full or read-only
 */
export async function importPhotos(options: PhotoImportOptions): Promise<ImportResult> {
  const { imageSize = 64, cropsPerPhoto = 8, seed = 0, name } = options;
  checkCommonOptions({ seed, imageSize });
  const root = await realpath(options.folder).catch(() => options.folder);
  const list = await listPhotos(root);
  requirePhotos(list.photos.length, options.folder, list.skipped);
  const about = { name, imageSize, cropsPerPhoto, seed };
  const { title = name, description = null, credits = [] } = options;
  const folder = await WorkFolder.open(options.workFolder, 'photos', {
    about,
    root,
    title,
    description,
    credits,
    list,
  });
  return finishImport(folder, () => planImport(folder, root, list, options));
}

async function planImport(
  folder: WorkFolder,
  root: string,
  list: PhotoList,
  options: PhotoImportOptions,
): Promise<DatasetPlan> {
  const { imageSize = 64, cropsPerPhoto = 8, seed = 0, name, title = name, credits = [] } = options;
  const found = await inspectAll(folder, root, list.photos, options);
  const { usable, skipped } = choosePhotos(found, list.skipped);
  requirePhotos(usable.length, options.folder, skipped);
  const pictures = {
    count: usable.length,
    identity: (index: number) => firstWords(usable[index]!.sha256),
    open: (index: number, side: number) => openAgain(root, usable[index]!.path, side),
  };
  const used = new Set(usable.map(({ path }) => path));
  return {
    ...pictureRows(pictures, { imageSize, cropsPerPhoto, seed }),
    about: {
      name,
      importer: 'photos',
      options: {
        imageSize,
        cropsPerPhoto,
        seed,
        split: '80/10/10 by photograph',
        smallestCrop,
        decoder: `sharp ${sharp.versions.sharp ?? 'unknown'}`,
      },
      sources: usable.length,
      skipped: skipped.slice(0, 10_000),
      card: {
        title,
        description: options.description ?? describe(usable.length, cropsPerPhoto, imageSize),
        credits: credits.filter(({ file }) => used.has(file)).sort((a, b) => byText(a.file, b.file)),
      },
    },
    imageSize,
    onProgress: options.onProgress ?? (() => {}),
    signal: options.signal,
  };
}

type Found = { path: string } & Inspection;
type Usable = Extract<Found, { reason: null }>;

const inspectedAtOnce = 200;

/** A first look at every photograph, in portions that need not be repeated after an interruption. */
async function inspectAll(
  folder: WorkFolder,
  root: string,
  photos: PhotoFile[],
  { imageSize = 64, onProgress = () => {}, signal }: PhotoImportOptions,
): Promise<Found[]> {
  const all: Found[] = [];
  for (let first = 0; first < photos.length; first += inspectedAtOnce) {
    const some = photos.slice(first, first + inspectedAtOnce);
    const { found } = await folder.step(`inspection-${first}`, async () => {
      const found = new Array<Found>(some.length);
      await inParallel(some, 2, async ({ path }, index) => {
        signal?.throwIfAborted();
        found[index] = { path, ...(await inspectFile(join(root, path), imageSize)) };
        onProgress(first + index, photos.length, 'looking at photographs');
      });
      return { found };
    });
    all.push(...found);
  }
  onProgress(photos.length, photos.length, 'looking at photographs');
  return all;
}

async function inspectFile(path: string, leastSide: number): Promise<Inspection> {
  let encoded: Uint8Array;
  try {
    encoded = await readFile(path);
  } catch (error) {
    const reason = `cannot be read: ${(error as NodeJS.ErrnoException).code}`;
    return { sha256: '', width: 0, height: 0, reason };
  }
  return inspectPhotograph(encoded, leastSide);
}

async function openAgain(root: string, path: string, side: number): Promise<Picture> {
  try {
    return await decodePhotograph(await readFile(join(root, path)), side);
  } catch (cause) {
    throw new ImportError(
      'photograph_changed',
      `${path} could be read before, but not any more: ${(cause as Error).message}`,
      'Start the import again when nothing changes the folder.',
      cause,
    );
  }
}

/** Leaves out what cannot be used, and of photographs that look the same all but the largest. */
function choosePhotos(found: Found[], alreadySkipped: PhotoList['skipped']) {
  const skipped: DatasetManifest['skipped'] = [...alreadySkipped];
  const good: Usable[] = [];
  for (const photo of found) {
    if (photo.reason === null) good.push(photo as Usable);
    else skipped.push({ file: photo.path, reason: photo.reason });
  }
  good.sort((a, b) => b.width * b.height - a.width * a.height || byText(a.path, b.path));
  const twins = findLookAlikes(good.map(({ signature }) => Buffer.from(signature, 'base64')));
  const usable = good.filter((photo, index) => {
    const twin = twins[index];
    if (typeof twin === 'number')
      skipped.push({ file: photo.path, reason: `looks the same as ${good[twin]!.path}` });
    return twin === null;
  });
  return {
    usable: usable.sort((a, b) => byText(a.path, b.path)),
    skipped: skipped.sort((a, b) => byText(a.file, b.file)),
  };
}

const byText = (a: string, b: string) => (a < b ? -1 : 1);

function requirePhotos(count: number, folder: string, skipped: DatasetManifest['skipped']): void {
  if (count >= 3) return;
  const reasons = skipped.slice(0, 3).map(({ file, reason }) => `${file}: ${reason}`);
  const why = reasons.length > 0 ? ` Left out: ${reasons.join('; ')}${skipped.length > 3 ? '; …' : ''}.` : '';
  throw new ImportError(
    'too_few_photographs',
    `${folder} has ${count} usable ${count === 1 ? 'photograph' : 'photographs'}; a dataset needs at least 3.${why}`,
    'Name a folder with colour photographs (JPEG, PNG, WebP, TIFF, AVIF).',
  );
}

function describe(photographs: number, crops: number, size: number): string {
  return (
    `${photographs} photographs, split by photograph into training, validation and test. ` +
    `Of each training photograph ${crops} random crops of ${size} x ${size} pixels, of each other one its centre square.`
  );
}

function firstWords(sha256: string): [number, number] {
  return [parseInt(sha256.slice(0, 8), 16), parseInt(sha256.slice(8, 16), 16)];
}
