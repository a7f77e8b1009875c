import {
  type DatasetFile,
  datasetFileKey,
  type DatasetManifest,
  type Recipe,
  type Split,
  weightsKey,
} from '@chromatune/contracts';
import { dataOrder } from '@chromatune/data';
import type { Claim } from '@chromatune/database';

/** A file of the object store, known by its digest. */
export interface StoredFile extends DatasetFile {
  key: string;
  /** What to do when the store has it no more, or damaged. */
  remedy: string;
}

export const storedDatasetFile = (file: DatasetFile): StoredFile => ({
  ...file,
  key: datasetFileKey(file),
  remedy:
    'Import the dataset again: only files that are missing or damaged are uploaded. Then resume the run.',
});

export const storedWeights = (
  name: string,
  { digest, bytes }: NonNullable<Claim['weights']>,
): StoredFile => ({
  name,
  bytes,
  sha256: digest,
  key: weightsKey(digest),
  remedy: 'Import the weights again: npx chromatune weights import FILE. Then resume the run.',
});

/** The files that training reads, in the order in which the epoch (counted from 0) and its validation want them. */
export function filesInDataOrder(
  { manifest, recipe }: { manifest: DatasetManifest; recipe: Pick<Recipe, 'seed'> },
  epoch: number,
): StoredFile[] {
  const shards = (split: Split) => manifest.shards.filter((shard) => shard.split === split);
  const train = shards('train');
  const order = dataOrder({ seed: recipe.seed, epoch, shardRows: train.map(({ images }) => images) });
  return [
    ...order.shardsAt(0, order.rows).map((index) => train[index]!),
    ...shards('validation'),
    manifest.previews,
  ].flatMap(({ l, ab }) => [storedDatasetFile(l), storedDatasetFile(ab)]);
}
