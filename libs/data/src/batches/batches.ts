import { type DatasetManifest, DomainError, type Recipe, type Split } from '@chromatune/contracts';
import { stream } from '@chromatune/random';
import { areaResize } from '../pictures/area-resize.js';
import { dataOrder, type RowPlace } from './data-order.js';
import { cropEach } from './random-crop.js';
import { type FileProvider, openLab8, ShardReader } from './shard-reader.js';

/** Images in OpenCV's 8-bit Lab convention: L (n, size, size) and ab (n, size, size, 2). */
export interface Batch {
  l: Uint8Array;
  ab: Uint8Array;
  images: number;
  size: number;
}

/** Batches of one epoch; the last one may be smaller and counts. */
export function stepsPerEpoch(manifest: Pick<DatasetManifest, 'images'>, batchSize: number): number {
  return Math.ceil(manifest.images.train / batchSize);
}

/**
 * The training batches of one epoch (counted from 0) from step `fromStepInEpoch` on, without reading what comes before it.
 * While one batch is used the next is read. Order, crops and mirroring follow from (seed, epoch, row) alone.
 * @throws DomainError when the recipe wants larger images than the dataset has; CorruptShard when a file is damaged
 */
export async function* trainBatches(options: {
  manifest: DatasetManifest;
  recipe: Pick<Recipe, 'model' | 'batchSize' | 'seed' | 'augmentation'>;
  epoch: number;
  fromStepInEpoch?: number;
  files: FileProvider;
}): AsyncGenerator<Batch, void, undefined> {
  const { manifest, recipe, epoch, fromStepInEpoch = 0, files } = options;
  const shards = shardsOf(manifest, 'train');
  const order = dataOrder({ seed: recipe.seed, epoch, shardRows: shards.map(({ images }) => images) });
  const reader = new ShardReader(shards, manifest.imageSize, files);
  const size = sizeFor(manifest, recipe.model.imageSize);

  yield* readAhead(reader, fromStepInEpoch, stepsPerEpoch(manifest, recipe.batchSize), async (step) => {
    const from = step * recipe.batchSize;
    await reader.use(order.shardsAt(from, from + recipe.batchSize));
    const places = order.slice(from, from + recipe.batchSize);
    const read = { ...reader.read(places), images: places.length, size: manifest.imageSize };
    const { crop } = recipe.augmentation;
    const batch =
      crop < 1
        ? cropEach(read, places, { share: crop, size, seed: recipe.seed, epoch })
        : resized(read, size);
    if (recipe.augmentation.flip) mirrorSome(batch, places, recipe.seed, epoch);
    return batch;
  });
}

/** All images of a split, in the order of the dataset. `imageSize` (default: the dataset's) may ask for smaller ones. */
export async function* splitBatches(options: {
  manifest: DatasetManifest;
  split: Split;
  batchSize: number;
  imageSize?: number;
  files: FileProvider;
}): AsyncGenerator<Batch, void, undefined> {
  const { manifest, split, batchSize, files } = options;
  const shards = shardsOf(manifest, split);
  const places = shards.flatMap(({ images }, shard) =>
    Array.from({ length: images }, (_, row): RowPlace => ({ shard, row, id: row })),
  );
  const reader = new ShardReader(shards, manifest.imageSize, files);
  const size = sizeFor(manifest, options.imageSize ?? manifest.imageSize);

  yield* readAhead(reader, 0, Math.ceil(places.length / batchSize), async (step) => {
    const rows = places.slice(step * batchSize, (step + 1) * batchSize);
    await reader.use([...new Set(rows.map(({ shard }) => shard))]);
    return resized({ ...reader.read(rows), images: rows.length, size: manifest.imageSize }, size);
  });
}

/** The larger versions of the first validation images; image i is row i of the validation split. */
export async function loadPreviews(manifest: DatasetManifest, files: FileProvider): Promise<Batch> {
  const { size, images, l, ab } = manifest.previews;
  const paths = await files([l.name, ab.name]);
  const read = async (file: typeof l, shape: number[]) => {
    const npy = await openLab8(file, paths, shape);
    return npy.readRows(0, images).finally(() => npy.close()) as Promise<Uint8Array>;
  };
  return {
    l: await read(l, [images, size, size]),
    ab: await read(ab, [images, size, size, 2]),
    images,
    size,
  };
}

async function* readAhead(
  reader: ShardReader,
  fromStep: number,
  steps: number,
  read: (step: number) => Promise<Batch>,
): AsyncGenerator<Batch, void, undefined> {
  const start = (step: number) => {
    const batch = step < steps ? read(step) : null;
    batch?.catch(() => {}); // whoever awaits it hears of it; nobody may be left to
    return batch;
  };
  let next = start(fromStep);
  try {
    for (let step = fromStep; step < steps; step++) {
      const batch = await next!;
      next = start(step + 1);
      yield batch;
    }
  } finally {
    await next?.catch(() => {});
    await reader.close();
  }
}

function shardsOf(manifest: DatasetManifest, split: Split) {
  return manifest.shards.filter((shard) => shard.split === split);
}

function sizeFor(manifest: DatasetManifest, wanted: number): number {
  if (wanted <= manifest.imageSize) return wanted;
  throw new DomainError(
    'images_too_small',
    422,
    `The recipe asks for images of ${wanted} px, but dataset ${manifest.name} has ${manifest.imageSize} px.`,
    {
      remedy: `Set imageSize to ${manifest.imageSize} or less, or import the dataset again with --size ${wanted}.`,
    },
  );
}

function resized({ l, ab, images, size }: Batch, to: number): Batch {
  if (size === to) return { l, ab, images, size };
  return {
    l: areaResize(l, { images, channels: 1, from: size, to }),
    ab: areaResize(ab, { images, channels: 2, from: size, to }),
    images,
    size: to,
  };
}

/** Mirrors about half of the images; which ones depends on (seed, epoch, row), not on the batch they are in. */
function mirrorSome({ l, ab, size }: Batch, places: RowPlace[], seed: number, epoch: number): void {
  places.forEach(({ id }, image) => {
    if (stream(seed, 'flip', epoch, id).uniform() < 0.5) return;
    for (let row = image * size; row < (image + 1) * size; row++) mirrorRow(l, ab, row * size, size);
  });
}

/** In place, by index: views of each row would be garbage that all threads of V8 collect while a step computes. */
function mirrorRow(l: Uint8Array, ab: Uint8Array, start: number, length: number): void {
  for (let left = start, right = start + length - 1; left < right; left++, right--) {
    swap(l, left, right);
    swap(ab, 2 * left, 2 * right);
    swap(ab, 2 * left + 1, 2 * right + 1);
  }
}

function swap(bytes: Uint8Array, one: number, other: number): void {
  const byte = bytes[one]!;
  bytes[one] = bytes[other]!;
  bytes[other] = byte;
}
