import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatasetManifest, plainModel, type Recipe } from '@chromatune/contracts';
import { stream } from '@chromatune/random';
import { npyBytes } from '../npy/npy-bytes.js';
import { areaResize } from '../pictures/area-resize.js';
import { type Batch, loadPreviews, splitBatches, stepsPerEpoch, trainBatches } from './batches.js';
import { dataOrder } from './data-order.js';
import { type FileProvider } from './shard-reader.js';

const size = 16;
const pixels = size * size;
let folder: string;
let manifest: DatasetManifest;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-batches-'));
  manifest = await writeDataset([5, 7, 4, 6, 5, 3, 5, 6, 7, 5, 4], [4, 3]); // 57 training images in 11 shards
});
afterAll(() => rm(folder, { recursive: true }));

describe('the data order', () => {
  it('visits every row once an epoch, in another order each epoch and for each seed', () => {
    const shardRows = [5, 7, 4, 6, 5, 3, 5, 6, 7, 5, 4];
    const orders = [
      [1, 0],
      [1, 1],
      [2, 0],
    ].map(([seed, epoch]) => dataOrder({ seed: seed!, epoch: epoch!, shardRows }).slice(0, 99));

    for (const order of orders) {
      expect(order.map(({ id }) => id).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 57 }, (_, id) => id),
      );
      expect(new Set(order.map(({ shard, row }) => `${shard}/${row}`)).size).toBe(57);
    }
    expect(new Set(orders.map((order) => order.map(({ id }) => id).join())).size).toBe(3);
  });

  it('is a pure function of its arguments: any slice is the same, asked for in any order', () => {
    const make = () =>
      dataOrder({ seed: 3, epoch: 4, shardRows: [5, 7, 4, 6, 5, 3, 5, 6, 7, 5, 4], windowShards: 2 });
    const whole = make().slice(0, 57);
    const order = make();

    expect(order.slice(50, 57)).toEqual(whole.slice(50));
    expect(order.slice(3, 9)).toEqual(whole.slice(3, 9));
  });

  it('keeps no more shards open than a window, two at its edges', () => {
    const order = dataOrder({ seed: 3, epoch: 0, shardRows: new Array(40).fill(10) });

    for (let position = 0; position < 400; position += 8) {
      const open = order.shardsAt(position, position + 8);
      expect(open.length).toBeLessThanOrEqual(16);
      expect(order.slice(position, position + 8).every(({ shard }) => open.includes(shard))).toBe(true);
    }
    expect(order.shardsAt(0, 8)).toHaveLength(8);
  });

  it('shuffles fully where there are no more shards than a window', () => {
    const order = dataOrder({ seed: 5, epoch: 0, shardRows: [100, 100, 100] }).slice(0, 300);

    const early = order.slice(0, 100).map(({ shard }) => shard);
    for (const shard of [0, 1, 2])
      expect(early.filter((other) => other === shard).length).toBeGreaterThan(20);
  });
});

describe('training batches', () => {
  it('bring L and ab of the same row, every row once, the last batch smaller', async () => {
    const batches = await collect(
      trainBatches({ manifest, recipe: recipe({ flip: false }), epoch: 0, files }),
    );

    expect(stepsPerEpoch(manifest, 8)).toBe(8);
    expect(batches.map(({ images }) => images)).toEqual([8, 8, 8, 8, 8, 8, 8, 1]);
    const ids = batches.flatMap(idsOf);
    expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 57 }, (_, id) => id));
    expect(ids).toEqual(
      dataOrder({ seed: 9, epoch: 0, shardRows: shardRows() })
        .slice(0, 57)
        .map(({ id }) => id),
    );
  });

  it('are the same after a resume at any step, without asking for files of steps that are over', async () => {
    const options = { manifest, recipe: recipe(), epoch: 3 };
    const whole = await collect(trainBatches({ ...options, files }));

    for (const fromStepInEpoch of [1, 4, 7]) {
      expect(await collect(trainBatches({ ...options, fromStepInEpoch, files }))).toEqual(
        whole.slice(fromStepInEpoch),
      );
    }
    const asked: string[] = [];
    const watching: FileProvider = (names) => (asked.push(...names), files(names));
    expect(await collect(trainBatches({ ...options, fromStepInEpoch: 7, files: watching }))).toHaveLength(1);
    expect(asked.length).toBeLessThan(2 * manifest.shards.length - 4);
    expect(await collect(trainBatches({ ...options, fromStepInEpoch: 8, files }))).toEqual([]);
  });

  it('mirror about half of the rows, by seed, epoch and row alone', async () => {
    const flips = async (batchSize: number, epoch: number) => {
      const mirrored = new Map<number, boolean>();
      for await (const batch of trainBatches({ manifest, recipe: recipe({ batchSize }), epoch, files })) {
        idsOf(batch).forEach((id, image) => mirrored.set(id, isMirrored(batch, image)));
      }
      return [...mirrored].sort(([a], [b]) => a - b).map(([, flag]) => flag);
    };

    const first = await flips(8, 0);
    expect(await flips(5, 0)).toEqual(first);
    expect(await flips(8, 1)).not.toEqual(first);
    expect(first.filter(Boolean).length).toBeGreaterThan(15);
    expect(first.filter(Boolean).length).toBeLessThan(42);
  });

  it('mirror L and ab together', async () => {
    const plain = await collect(trainBatches({ manifest, recipe: recipe({ flip: false }), epoch: 0, files }));
    const flipped = await collect(trainBatches({ manifest, recipe: recipe(), epoch: 0, files }));

    flipped.forEach((batch, step) => {
      for (let image = 0; image < batch.images; image++) {
        const original = imageOf(plain[step]!, image);
        expect(imageOf(batch, image)).toEqual(isMirrored(batch, image) ? mirror(original) : original);
      }
    });
  });

  it('are made smaller by averaging when the recipe wants smaller images', async () => {
    const options = { manifest, epoch: 0, files };
    const large = await collect(trainBatches({ ...options, recipe: recipe({ flip: false }) }));
    const small = await collect(trainBatches({ ...options, recipe: recipe({ flip: false, imageSize: 8 }) }));

    expect(small[0]!.size).toBe(8);
    const resize = { images: 8, from: 16, to: 8 };
    expect(small[0]!.l).toEqual(areaResize(large[0]!.l, { ...resize, channels: 1 }));
    expect(small[0]!.ab).toEqual(areaResize(large[0]!.ab, { ...resize, channels: 2 }));
  });

  it('refuse a recipe that wants larger images, with a remedy', async () => {
    const batches = trainBatches({ manifest, recipe: recipe({ imageSize: 32 }), epoch: 0, files });

    await expect(batches.next()).rejects.toMatchObject({
      code: 'images_too_small',
      remedy: expect.stringContaining('--size 32'),
    });
  });

  it('read one batch ahead, and close their files when the reader stops early', async () => {
    const asked: string[][] = [];
    const watching: FileProvider = (names) => (asked.push(names), files(names));
    const batches = trainBatches({ manifest, recipe: recipe(), epoch: 0, files: watching });

    await batches.next();
    await batches.return();
    expect(asked.length).toBeGreaterThan(0);
    expect(await openFilesUnder(folder)).toBe(0);
  });

  it('name the damaged file', async () => {
    const damaged = async (names: string[]) => {
      const paths = await files(names);
      for (const name of names) {
        const copy = join(folder, `damaged-${name}`);
        await writeFile(copy, await readFile(paths[name]!));
        await truncate(copy, 700);
        paths[name] = copy;
      }
      return paths;
    };

    const batches = trainBatches({ manifest, recipe: recipe(), epoch: 0, files: damaged });
    await expect(batches.next()).rejects.toMatchObject({
      code: 'corrupt_shard',
      message: expect.stringMatching(
        /^Dataset file train-\d+\.l\.npy is damaged: .*\d+ bytes expected, 700 found/,
      ),
    });
    await expect(batches.next()).resolves.toEqual({ done: true, value: undefined });
  });
});

describe('batches of a split', () => {
  it('bring all rows in the order of the dataset', async () => {
    const batches = await collect(splitBatches({ manifest, split: 'validation', batchSize: 3, files }));

    expect(batches.map(({ images }) => images)).toEqual([3, 3, 1]);
    expect(batches.flatMap(idsOf)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('bring previews beside them', async () => {
    const previews = await loadPreviews(manifest, files);

    expect([previews.images, previews.size, previews.l.length, previews.ab.length]).toEqual([
      2, 32, 2048, 4096,
    ]);
  });
});

function recipe(change: { flip?: boolean; batchSize?: number; imageSize?: number } = {}) {
  const { flip = true, batchSize = 8, imageSize = 16 } = change;
  return {
    model: { ...plainModel, imageSize },
    batchSize,
    seed: 9,
    augmentation: { flip, crop: 1 },
  } satisfies Pick<Recipe, 'model' | 'batchSize' | 'seed' | 'augmentation'>;
}

const files: FileProvider = async (names) =>
  Object.fromEntries(names.map((name) => [name, join(folder, name)]));
const shardRows = () => manifest.shards.filter(({ split }) => split === 'train').map(({ images }) => images);

/** Image i of a split is noise, but for its corners: L says i at the left and 255 at the right, ab repeats i. */
async function writeDataset(train: number[], validation: number[]): Promise<DatasetManifest> {
  const random = stream(1, 'batches spec');
  const write = async (name: string, shape: number[], data: Uint8Array) => {
    const bytes = npyBytes('u1', shape, data);
    await writeFile(join(folder, name), bytes);
    return { name, bytes: bytes.length, sha256: '0'.repeat(64) };
  };
  const shardsOf = async (split: 'train' | 'validation', counts: number[]) => {
    let id = 0;
    const shards = [];
    for (const [index, images] of counts.entries()) {
      const l = Uint8Array.from({ length: images * pixels }, () => random.integer(250));
      const ab = Uint8Array.from({ length: images * pixels * 2 }, () => random.integer(256));
      for (let image = 0; image < images; image++, id++) {
        l[image * pixels] = id;
        l[image * pixels + size - 1] = 255;
        ab[image * pixels * 2] = id;
        ab[image * pixels * 2 + 1] = 1;
      }
      const name = `${split}-${index}`;
      shards.push({
        split,
        images,
        l: await write(`${name}.l.npy`, [images, size, size], l),
        ab: await write(`${name}.ab.npy`, [images, size, size, 2], ab),
      });
    }
    return shards;
  };
  return {
    name: 'tiny',
    imageSize: size,
    images: { train: train.reduce((a, b) => a + b), validation: validation.reduce((a, b) => a + b), test: 0 },
    shards: [...(await shardsOf('train', train)), ...(await shardsOf('validation', validation))],
    previews: {
      size: 32,
      images: 2,
      l: await write('previews.l.npy', [2, 32, 32], new Uint8Array(2048)),
      ab: await write('previews.ab.npy', [2, 32, 32, 2], new Uint8Array(4096)),
    },
  } as unknown as DatasetManifest;
}

function imageOf({ l, ab }: Batch, image: number) {
  return {
    l: l.slice(image * pixels, (image + 1) * pixels),
    ab: ab.slice(image * pixels * 2, (image + 1) * pixels * 2),
  };
}

const isMirrored = (batch: Batch, image: number) => batch.l[image * pixels] === 255;

function mirror({ l, ab }: { l: Uint8Array; ab: Uint8Array }) {
  const place = (index: number) => index - (index % size) + (size - 1 - (index % size));
  return {
    l: Uint8Array.from(l, (_, index) => l[place(index)]!),
    ab: Uint8Array.from(ab, (_, index) => ab[place(index >> 1) * 2 + (index & 1)]!),
  };
}

/** The id in the corner of L, after checking that ab has the same one. */
function idsOf(batch: Batch): number[] {
  return Array.from({ length: batch.images }, (_, image) => {
    const corner = isMirrored(batch, image) ? size - 1 : 0;
    const id = batch.l[image * pixels + corner]!;
    expect(batch.ab[(image * pixels + corner) * 2]).toBe(id);
    return id;
  });
}

async function collect(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

async function openFilesUnder(path: string): Promise<number> {
  const { readdir, readlink } = await import('node:fs/promises');
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith(path)).length;
}
