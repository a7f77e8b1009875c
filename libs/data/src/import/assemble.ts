import { readFile } from 'node:fs/promises';
import {
  type DatasetFile,
  type DatasetManifest,
  datasetFiles,
  type Shard,
  type Split,
} from '@chromatune/contracts';
import { type RowPlace } from '../batches/data-order.js';
import { type FileProvider, ShardReader } from '../batches/shard-reader.js';
import { lab8ToSrgb } from '../lab/lab.js';
import { manifestDigest, verifyManifest } from '../manifest.js';
import { npyBytes, npyHeaderBytes } from '../npy/npy-bytes.js';
import { areaResize } from '../pictures/area-resize.js';
import { contactSheet, pngOf } from '../pictures/png.js';
import { countColors } from '../prior.js';
import { type ImportResult, type Progress } from './import-options.js';
import { addSums, type ColorSums, psnrSumOfColor, rounded, statisticsOf, sumColors } from './statistics.js';
import { type WorkFolder } from './work-folder.js';

/** Where the images of one split come from. */
export interface RowSource {
  images: number;
  /** Fills L (n, size, size) and ab (n, size, size, 2) with the rows `from` to `to` - 1. */
  read(from: number, to: number, l: Uint8Array, ab: Uint8Array): Promise<void>;
}

/** Everything that an importer knows and the rest of an import does not. */
export interface DatasetPlan {
  about: Pick<DatasetManifest, 'name' | 'importer' | 'options' | 'sources' | 'skipped' | 'card'>;
  imageSize: number;
  splits: Record<Split, RowSource>;
  /** Larger versions of the first validation images. */
  previews: RowSource & { size: number };
  onProgress: Progress;
  signal: AbortSignal | undefined;
}

/** Previews are about this large: big enough to look at, small enough to paint after every epoch. */
const previewSide = 192;
const mostPreviews = 24;
const mostShardBytes = 32 * 1024 * 1024;
const sheetImages = 96;
const splitNames = ['train', 'validation', 'test'] as const;

/** A multiple of `imageSize` near 192 px, at most `largest` where the source has no more. */
export function previewSizeFor(imageSize: number, largest = Infinity): number {
  const factor = Math.min(Math.round(previewSide / imageSize), Math.floor(largest / imageSize));
  return imageSize * Math.max(1, factor);
}

/** How many previews a dataset has: 24, or what there is, or what fits into one file. */
export function previewCountFor(size: number, validationImages: number): number {
  return Math.min(mostPreviews, validationImages, Math.floor(mostShardBytes / (size * size * 2)));
}

/**
 * The result of an import in `folder`. Once it is finished, the same import only looks whether its files are still right.
 */
export async function finishImport(
  folder: WorkFolder,
  build: () => Promise<DatasetPlan>,
): Promise<ImportResult> {
  const { manifest } = await folder.step('dataset', async () => {
    const built = await assembleDataset(folder, await build());
    return { manifest: built, files: datasetFiles(built) };
  });
  const files = new Map(datasetFiles(manifest).map(({ name }) => [name, folder.file(name)]));
  return { manifest, digest: manifestDigest(manifest), files, folder: folder.path };
}

/** Writes the files of a dataset version, step by step, and describes them. */
async function assembleDataset(folder: WorkFolder, plan: DatasetPlan): Promise<DatasetManifest> {
  const { shards, statistics } = await writeShards(folder, plan);
  const previews = await folder.step('previews', () => writePreviews(folder, plan));
  const prior = await folder.step('prior', () => writePrior(folder, shards, plan));
  plan.onProgress(0, 1, 'drawing contact sheets');
  const pictures = await folder.step('pictures', () => writePictures(folder, plan, shards, previews));
  plan.onProgress(1, 1, 'drawing contact sheets');
  return verifyManifest({
    manifestVersion: 2,
    ...plan.about,
    imageSize: plan.imageSize,
    images: Object.fromEntries(splitNames.map((split) => [split, plan.splits[split].images])),
    shards,
    previews: {
      size: plan.previews.size,
      images: plan.previews.images,
      l: previews.files[0],
      ab: previews.files[1],
    },
    pictures: pictures.pictures,
    prior: prior.files[0],
    statistics,
  });
}

async function writeShards(folder: WorkFolder, plan: DatasetPlan) {
  const total = splitNames.reduce((sum, split) => sum + plan.splits[split].images, 0);
  const written = {
    train: [] as WrittenShard[],
    validation: [] as WrittenShard[],
    test: [] as WrittenShard[],
  };
  let done = 0;
  let meanAb: readonly [number, number] = [0, 0];
  for (const split of splitNames) {
    for (const [index, [from, to]] of shardRanges(plan.splits[split].images, plan.imageSize).entries()) {
      plan.signal?.throwIfAborted();
      plan.onProgress(done, total, 'writing images');
      const name = `${split}-${String(index).padStart(5, '0')}`;
      const onRows = (rows: number) => plan.onProgress(done + rows, total, 'writing images');
      written[split].push(
        await folder.step(name, () => writeShard(folder, plan, { split, name, from, to, meanAb, onRows })),
      );
      done += to - from;
    }
    if (split === 'train') meanAb = meanOf(addSums(written.train.map(({ sums }) => sums)));
  }
  plan.onProgress(total, total, 'writing images');
  return {
    shards: splitNames.flatMap((split) => written[split].map(({ shard }) => shard)),
    statistics: statisticsOfShards(written, meanAb, plan.splits.validation.images),
  };
}

interface WrittenShard {
  files: DatasetFile[];
  shard: Shard;
  sums: ColorSums;
  psnr: { grey: number; meanColor: number } | null;
}

/** Rows are asked for in portions, so that an importer can read ahead and progress is seen. */
const portion = 256;

async function writeShard(
  folder: WorkFolder,
  { imageSize, splits, signal }: DatasetPlan,
  shardPlan: {
    split: Split;
    name: string;
    from: number;
    to: number;
    meanAb: readonly [number, number];
    onRows: (rows: number) => void;
  },
): Promise<WrittenShard> {
  const { split, name, from, to, meanAb, onRows } = shardPlan;
  const images = to - from;
  const pixels = imageSize * imageSize;
  const l = new Uint8Array(images * pixels);
  const ab = new Uint8Array(images * pixels * 2);
  for (let start = from; start < to; start += portion) {
    signal?.throwIfAborted();
    const end = Math.min(to, start + portion);
    const [first, last] = [(start - from) * pixels, (end - from) * pixels];
    await splits[split].read(start, end, l.subarray(first, last), ab.subarray(first * 2, last * 2));
    onRows(end - from);
  }
  const files = await writeLab8(folder, name, { l, ab, images, size: imageSize });
  const psnrOf = (color: readonly [number, number]) => psnrSumOfColor(l, ab, images, color);
  return {
    files,
    shard: { split, images, l: files[0], ab: files[1] },
    sums: sumColors(l, ab),
    psnr: split === 'validation' ? { grey: psnrOf([0, 0]), meanColor: psnrOf(meanAb) } : null,
  };
}

async function writeLab8(
  folder: WorkFolder,
  name: string,
  { l, ab, images, size }: { l: Uint8Array; ab: Uint8Array; images: number; size: number },
): Promise<[DatasetFile, DatasetFile]> {
  return [
    await folder.write(`${name}.l.npy`, [npyHeaderBytes('u1', [images, size, size]), l]),
    await folder.write(`${name}.ab.npy`, [npyHeaderBytes('u1', [images, size, size, 2]), ab]),
  ];
}

async function writePreviews(folder: WorkFolder, { previews }: DatasetPlan) {
  const pixels = previews.images * previews.size ** 2;
  const l = new Uint8Array(pixels);
  const ab = new Uint8Array(pixels * 2);
  await previews.read(0, previews.images, l, ab);
  return {
    files: await writeLab8(folder, 'previews', { l, ab, images: previews.images, size: previews.size }),
  };
}

async function writePrior(folder: WorkFolder, shards: Shard[], { imageSize }: DatasetPlan) {
  const counts = await countColors({ shards, imageSize }, filesOf(folder));
  return { files: [await folder.write('prior.npy', [npyBytes('f8', [256, 256], counts)])] };
}

async function writePictures(
  folder: WorkFolder,
  plan: DatasetPlan,
  shards: Shard[],
  previews: { files: [DatasetFile, DatasetFile] },
) {
  const { images, size } = plan.previews;
  const pixels = images * size * size;
  const [l, ab] = await Promise.all(
    previews.files.map(async ({ name, bytes }, index) => {
      const file = await readFile(folder.file(name));
      return file.subarray(bytes - pixels * (index + 1));
    }),
  );
  const strip = async (name: string, colors: Uint8Array) =>
    folder.write(name, [await pngOf(lab8ToSrgb(l!, colors, pixels), size, size * images)]);
  const pictures: DatasetManifest['pictures'] = {
    grey: await strip('grey.png', new Uint8Array(pixels * 2).fill(128)),
    truth: await strip('truth.png', ab!),
    contactSheets: {
      train: await writeSheet(folder, plan, shards, 'train'),
      validation: await writeSheet(folder, plan, shards, 'validation'),
      test: await writeSheet(folder, plan, shards, 'test'),
    },
  };
  const { contactSheets, ...strips } = pictures;
  return { pictures, files: [...Object.values(strips), ...Object.values(contactSheets)] };
}

/** A contact sheet of up to 96 images, spread evenly over the split, none larger than 96 px. */
async function writeSheet(
  folder: WorkFolder,
  plan: DatasetPlan,
  all: Shard[],
  split: Split,
): Promise<DatasetFile> {
  const shards = all.filter((shard) => shard.split === split);
  const rows = shards.flatMap(({ images }, shard) =>
    Array.from({ length: images }, (_, row): RowPlace => ({ shard, row, id: row })),
  );
  const count = Math.min(sheetImages, rows.length);
  const chosen = Array.from(
    { length: count },
    (_, index) => rows[Math.floor((index * rows.length) / count)]!,
  );
  const reader = new ShardReader(shards, plan.imageSize, filesOf(folder));
  const size = Math.min(96, plan.imageSize);
  const tiles = new Uint8Array(count * size * size * 3);
  try {
    for (const [index, place] of chosen.entries()) {
      await reader.use([place.shard]);
      const { l, ab } = await reader.read([place]);
      const resize = { images: 1, from: plan.imageSize, to: size };
      const small = areaResize(lab8ToSrgb(l, ab, plan.imageSize ** 2), { ...resize, channels: 3 });
      tiles.set(small, index * size * size * 3);
    }
  } finally {
    await reader.close();
  }
  return folder.write(`contact-${split}.png`, [await contactSheet(tiles, size, 12)]);
}

const filesOf =
  (folder: WorkFolder): FileProvider =>
  async (names) =>
    Object.fromEntries(names.map((name) => [name, folder.file(name)]));

/** Equal shards of at most 32 MiB of ab. */
function shardRanges(images: number, size: number): [number, number][] {
  const most = Math.floor(mostShardBytes / (size * size * 2));
  const count = Math.ceil(images / most);
  const edge = (index: number) => Math.floor((index * images) / count);
  return Array.from({ length: count }, (_, index) => [edge(index), edge(index + 1)]);
}

function meanOf(sums: ColorSums): readonly [number, number] {
  return [rounded(sums.a / sums.pixels), rounded(sums.b / sums.pixels)];
}

function statisticsOfShards(
  written: Record<Split, WrittenShard[]>,
  meanAb: readonly [number, number],
  validationImages: number,
) {
  const [train, validation, test] = splitNames.map((split) =>
    addSums(written[split].map(({ sums }) => sums)),
  );
  const meanPsnr = (pick: (psnr: { grey: number; meanColor: number }) => number) =>
    written.validation.reduce((sum, { psnr }) => sum + pick(psnr!), 0) / validationImages;
  return statisticsOf({
    train: train!,
    validation: validation!,
    all: addSums([train!, validation!, test!]),
    meanAb,
    psnr: { grey: meanPsnr(({ grey }) => grey), meanColor: meanPsnr(({ meanColor }) => meanColor) },
  });
}
