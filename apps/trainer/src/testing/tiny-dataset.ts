import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type DatasetFile,
  datasetFiles,
  type DatasetManifest,
  plainAdam,
  plainModel,
  plainRegression,
  plainTraining,
  type Recipe,
  type Shard,
} from '@chromatune/contracts';
import { type FileProvider, manifestDigest, npyBytes } from '@chromatune/data';
import { stream } from '@chromatune/random';

export interface TinyDataset {
  manifest: DatasetManifest;
  digest: string;
  /** Bytes of each file, by its name. */
  bytes: Map<string, Uint8Array>;
}

const size = 32;
const previewSize = 64;

/** A dataset small enough to train on in a test: coloured slopes, whose colour follows from their lightness. */
export function makeTinyDataset({ seed = 1, train = [9, 8], validation = 5 } = {}): TinyDataset {
  const bytes = new Map<string, Uint8Array>();
  const file = (name: string, content: Uint8Array): DatasetFile => {
    bytes.set(name, content);
    return { name, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
  };
  const npyPair = (label: string, images: number, side: number) => {
    const { l, ab } = slopes(seed, label.replace('previews', 'validation'), images, side);
    return {
      l: file(`${label}-l.npy`, npyBytes('u1', [images, side, side], l)),
      ab: file(`${label}-ab.npy`, npyBytes('u1', [images, side, side, 2], ab)),
    };
  };
  const shard = (split: Shard['split'], index: number, images: number): Shard => ({
    split,
    images,
    ...npyPair(index === 0 ? split : `${split}-${index}`, images, size),
  });
  const picture = (name: string) => file(name, new TextEncoder().encode(name));
  const manifest: DatasetManifest = {
    manifestVersion: 1,
    name: 'tiny',
    importer: 'synthetic',
    options: { seed },
    imageSize: size,
    images: { train: train.reduce((a, b) => a + b, 0), validation, test: 1 },
    sources: 1,
    shards: [
      ...train.map((images, index) => shard('train', index, images)),
      shard('validation', 0, validation),
      shard('test', 0, 1),
    ],
    previews: { size: previewSize, images: 3, ...npyPair('previews', 3, previewSize) },
    pictures: {
      grey: picture('grey.png'),
      truth: picture('truth.png'),
      contactSheets: {
        train: picture('train.png'),
        validation: picture('validation.png'),
        test: picture('test.png'),
      },
    },
    statistics: {
      abHistogram: new Array<number>(676).fill(0),
      meanAb: [3, -4],
      meanChroma: 20,
      baselines: { grey: { abRmse: 20, psnr: 20 }, meanColor: { abRmse: 19, psnr: 21 } },
      outOfGamutShare: 0,
    },
    skipped: [],
    card: { title: 'Tiny', description: 'For tests.', credits: [] },
  };
  return { manifest, digest: manifestDigest(manifest), bytes };
}

/** Writes the dataset's files, and gives their paths as a supervisor would. */
export async function providerOf({ bytes }: TinyDataset, folder: string): Promise<FileProvider> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of bytes) await writeFile(join(folder, name), content);
  return async (names) => Object.fromEntries(names.map((name) => [name, join(folder, name)]));
}

export const filesByKey = ({ manifest, bytes }: TinyDataset) =>
  datasetFiles(manifest).map((file) => ({ file, content: bytes.get(file.name)! }));

/** The smallest network there is, for a few epochs. */
export function tinyRecipe({ manifest, digest }: TinyDataset, changes: Partial<Recipe> = {}): Recipe {
  return {
    ...plainTraining,
    recipeVersion: 2,
    dataset: { name: manifest.name, digest },
    model: { ...plainModel, encoder: 'resnet18', width: 0.125, imageSize: size },
    loss: plainRegression,
    optimizer: { ...plainAdam, learningRate: 0.003 },
    batchSize: 4,
    epochs: 2,
    seed: 11,
    samples: { images: 2, every: 1 },
    ...changes,
  };
}

function slopes(seed: number, label: string, images: number, side: number) {
  const l = new Uint8Array(images * side * side);
  const ab = new Uint8Array(images * side * side * 2);
  for (let image = 0; image < images; image++) {
    const random = stream(seed, label, image);
    const [x, y, offset] = [random.uniform(), random.uniform(), random.uniform()];
    for (let pixel = 0; pixel < side * side; pixel++) {
      const share = ((pixel % side) / side) * x + (Math.floor(pixel / side) / side) * y;
      const at = image * side * side + pixel;
      l[at] = 40 + 100 * (share * 0.5 + offset * 0.5);
      ab[at * 2] = 90 + l[at]! / 3;
      ab[at * 2 + 1] = 170 - l[at]! / 3;
    }
  }
  return { l, ab };
}
