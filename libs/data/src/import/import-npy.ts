import { readdir, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { countOutOfGamut } from '../lab/gamut.js';
import { type NpyPlace } from '../npy/npy-file.js';
import { areaResize } from '../pictures/area-resize.js';
import {
  type DatasetPlan,
  finishImport,
  previewCountFor,
  previewSizeFor,
  type RowSource,
} from './assemble.js';
import { explainDiskError } from './disk-error.js';
import { checkCommonOptions, ImportError, type ImportOptions, type ImportResult } from './import-options.js';
import { LabRows } from './lab-rows.js';
import { splitOf } from './split.js';
import { WorkFolder } from './work-folder.js';
import { naturally, npyEntriesOf } from './zip-entries.js';

export interface NpyImportOptions extends ImportOptions {
  /** A folder laid out like the Kaggle set: `l/gray_scale.npy` and `ab/ab/ab1.npy`…, or `l.zip` and `ab.zip`. */
  folder?: string;
  /** Or the file with L (npy, zip or npz) … */
  l?: string;
  /** … and those with ab, in the order of their rows. */
  ab?: string[];
  /** Side of the images; smaller ones are averaged down to. Default: as they are. */
  imageSize?: number;
  /** Only the first rows. */
  limit?: number;
  /** Import even if L and ab seem not to belong together. */
  allowMisaligned?: boolean;
  title?: string;
  description?: string;
}

/**
 * More impossible colours than this in a stretch of rows, and its L and ab are not of the same pictures. Measured on 208
 * photographs: 0 when they are (0.015 with ab blurred over 4 x 4 pixels), 0.12 to 0.14 when shifted by any number of rows,
 * 0.035 to 0.053 for the least colourful quarter of the photographs shifted.
 */
const mostImpossibleColors = 0.03;
/** Rows that are looked at, and stretches they are judged in: a wrong last file must not hide behind right ones. */
const sampledRows = 200;
const rowsPerStretch = 20;

/**
 * Makes a dataset version of L and ab in npy files (OpenCV's 8-bit Lab), such as the Kaggle set of 25,000 photographs. Only
 * windows of rows are in memory, never a whole file. The same files and options give the same digest.
 * @throws ImportError when files are missing or do not belong together; NpyError when one cannot be read
 */
export async function importNpy(options: NpyImportOptions): Promise<ImportResult> {
  checkCommonOptions({ seed: options.seed, imageSize: options.imageSize ?? 64 });
  const paths = await findFiles(options);
  const folder = await WorkFolder.open(options.workFolder, 'npy', await keyOf(options, paths));
  const sources: LabRows[] = [];
  try {
    const result = await finishImport(folder, async () => {
      const source = await openRows(folder, paths, options);
      sources.push(source);
      return planImport(source, options);
    });
    await removeUnpacked(folder);
    return result;
  } catch (error) {
    if (error instanceof ImportError) await removeUnpacked(folder); // nothing to go on with
    throw explainDiskError(error, folder.path);
  } finally {
    await Promise.all(sources.map((source) => source.close()));
  }
}

async function openRows(folder: WorkFolder, paths: { l: string; ab: string[] }, options: NpyImportOptions) {
  const placesOf = async (path: string): Promise<NpyPlace[]> =>
    /\.(zip|npz)$/i.test(path)
      ? npyEntriesOf(path, folder, options.onProgress ?? (() => {}))
      : [{ path, name: basename(path) }];
  const [l, ...others] = await placesOf(paths.l);
  if (others.length > 0) throw ambiguous(paths.l, others.length + 1);
  const ab: NpyPlace[] = [];
  for (const path of paths.ab) ab.push(...(await placesOf(path)));
  return LabRows.open(l!, ab, options.limit);
}

async function planImport(source: LabRows, options: NpyImportOptions): Promise<DatasetPlan> {
  const {
    name,
    seed = 0,
    imageSize = source.size,
    title = name,
    limit = null,
    allowMisaligned = false,
  } = options;
  if (imageSize > source.size) {
    throw new ImportError(
      'images_too_small',
      `The images have ${source.size} px, so they cannot be imported at ${imageSize} px.`,
      `Use --size ${source.size} or less.`,
    );
  }
  if (!allowMisaligned) await checkPairing(source);

  const members = splitOf(source.rows, seed);
  for (const ids of Object.values(members)) ids.sort((a, b) => a - b); // files are passed from their start to their end
  const previewSize = previewSizeFor(imageSize, source.size);
  const previews = members.validation.slice(0, previewCountFor(previewSize, members.validation.length));
  const description =
    options.description ??
    `${source.rows} images of ${source.size} x ${source.size} pixels from npy files, imported at ${imageSize} px.`;
  return {
    about: {
      name,
      importer: 'npy',
      options: { imageSize, seed, limit, split: '80/10/10 by row', allowMisaligned },
      sources: source.rows,
      skipped: [],
      card: { title, description, credits: [] },
    },
    imageSize,
    splits: {
      train: rowSource(source, members.train, imageSize),
      validation: rowSource(source, members.validation, imageSize),
      test: rowSource(source, members.test, imageSize),
    },
    previews: { ...rowSource(source, previews, previewSize), size: previewSize },
    onProgress: options.onProgress ?? (() => {}),
    signal: options.signal,
  };
}

/** Bytes of ab that are read at once, at most. */
const windowBytes = 16 * 1024 * 1024;

function rowSource(source: LabRows, ids: number[], size: number): RowSource {
  const mostRows = Math.max(1, Math.floor(windowBytes / (source.size ** 2 * 2)));
  const mostGap = source.readsInStrides ? Infinity : 1;
  const pixels = size * size;
  return {
    images: ids.length,
    async read(from, to, l, ab) {
      for (const [first, last] of windowsOf(ids, from, to, mostRows, mostGap)) {
        const start = ids[first]!;
        const rows = await source.read(start, ids[last]! + 1);
        for (let index = first; index <= last; index++) {
          const row = ids[index]! - start;
          const goal = (index - from) * pixels;
          l.set(rowOf(rows.l, row, 1, source.size, size), goal);
          ab.set(rowOf(rows.ab, row, 2, source.size, size), goal * 2);
        }
      }
    },
  };
}

function rowOf(rows: Uint8Array, row: number, channels: number, from: number, to: number): Uint8Array {
  const bytes = from * from * channels;
  return areaResize(rows.subarray(row * bytes, (row + 1) * bytes), { images: 1, channels, from, to });
}

/** Ranges of positions in `ids` whose rows lie near each other, as first and last position. */
function* windowsOf(
  ids: number[],
  from: number,
  to: number,
  mostRows: number,
  mostGap: number,
): Generator<[number, number]> {
  let first = from;
  for (let position = from + 1; position <= to; position++) {
    const goesOn =
      position < to &&
      ids[position]! - ids[position - 1]! <= mostGap &&
      ids[position]! - ids[first]! < mostRows;
    if (goesOn) continue;
    yield [first, position - 1];
    first = position;
  }
}

/** Looks at rows spread evenly through the set. @throws ImportError when a stretch of them has impossible colours */
async function checkPairing(source: LabRows): Promise<void> {
  const count = Math.min(sampledRows, source.rows);
  const rows = Array.from({ length: count }, (_, index) => Math.floor((index * source.rows) / count));
  const shares: number[] = [];
  let brightest = 0;
  for (const row of rows) {
    const { l, ab } = await source.read(row, row + 1);
    shares.push(countOutOfGamut(l, ab) / l.length);
    brightest = l.reduce((most, value) => Math.max(most, value), brightest);
  }
  if (brightest <= 1) {
    throw new ImportError(
      'not_8_bit',
      'L goes only from 0 to 1: it is not in the 8-bit convention.',
      "Save the files in OpenCV's 8-bit Lab convention: L * 255 / 100, a + 128, b + 128.",
    );
  }
  for (let first = 0; first < count; first += rowsPerStretch) {
    const stretch = shares.slice(first, first + rowsPerStretch);
    const share = stretch.reduce((sum, one) => sum + one, 0) / stretch.length;
    if (share > mostImpossibleColors)
      throw misaligned(share, rows[first]!, rows[first + rowsPerStretch] ?? source.rows);
  }
}

async function findFiles({ folder, l, ab = [] }: NpyImportOptions): Promise<{ l: string; ab: string[] }> {
  if (l && ab.length > 0) return { l, ab };
  if (!folder) {
    throw new ImportError(
      'no_npy',
      'No npy files were named.',
      'Name --l FILE and --ab FILE …, or the folder of both.',
    );
  }
  const found = {
    l: l ? [l] : await firstThatHas(folder, lightnessPlaces),
    ab: ab.length > 0 ? ab : await firstThatHas(folder, colorPlaces),
  };
  if (found.l.length === 0 || found.ab.length === 0) {
    const missing = found.l.length === 0 ? 'l/gray_scale.npy or l.zip' : 'ab/ab/ab1.npy … or ab.zip';
    throw new ImportError(
      'no_npy',
      `${folder} has no ${missing}.`,
      'Name the folder that the Kaggle set was unpacked to, or --l FILE and --ab FILE ….',
    );
  }
  return { l: found.l[0]!, ab: found.ab };
}

const lightnessPlaces = [
  { inside: 'l', pattern: /^gray_scale\.npy$/ },
  { inside: '', pattern: /^gray_scale\.npy$/ },
  { inside: '', pattern: /^l\.zip$/i },
];
const colorPlaces = [
  { inside: 'ab/ab', pattern: /^ab\d*\.npy$/ },
  { inside: 'ab', pattern: /^ab\d*\.npy$/ },
  { inside: '', pattern: /^ab\d*\.npy$/ },
  { inside: '', pattern: /^ab\.zip$/i },
];

async function firstThatHas(
  folder: string,
  places: { inside: string; pattern: RegExp }[],
): Promise<string[]> {
  for (const { inside, pattern } of places) {
    const names = await readdir(join(folder, inside)).catch(() => [] as string[]);
    const fitting = names.filter((name) => pattern.test(name)).sort(naturally);
    if (fitting.length > 0) return fitting.map((name) => join(folder, inside, name));
  }
  return [];
}

/** What decides the result, so that an import goes on only with the same files. */
async function keyOf(options: NpyImportOptions, paths: { l: string; ab: string[] }) {
  const { name, seed = 0, imageSize = null, limit = null, allowMisaligned = false } = options;
  const files = await Promise.all(
    [paths.l, ...paths.ab].map(async (path) => {
      const { size, mtimeMs } = await stat(path).catch((cause) => {
        throw new ImportError(
          'no_npy',
          `${path} cannot be read: ${cause.code === 'ENOENT' ? 'there is no such file' : cause.code}.`,
          'Check its name.',
          cause,
        );
      });
      return { path: resolve(path), size, mtimeMs };
    }),
  );
  const { title = null, description = null } = options;
  return { name, seed, imageSize, limit, allowMisaligned, title, description, files };
}

async function removeUnpacked(folder: WorkFolder): Promise<void> {
  const names = (await readdir(folder.path)).filter((name) => name.startsWith('unpacked-'));
  await Promise.all(names.map((name) => rm(folder.file(name))));
}

function misaligned(share: number, from: number, to: number): ImportError {
  const percent = (share * 100).toFixed(1);
  return new ImportError(
    'misaligned',
    `L and ab do not belong together: in the rows ${from} to ${to - 1}, ${percent} % of the pixels have colours that no picture can have.`,
    'Check that all ab files are there, in the order of their rows, from the same first picture as L. --allow-misaligned imports them anyway.',
  );
}

function ambiguous(path: string, count: number): ImportError {
  return new ImportError(
    'no_npy',
    `${path} holds ${count} npy files, but L is one.`,
    'Name the file of L with --l.',
  );
}
