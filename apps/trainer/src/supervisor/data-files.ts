import type { DatasetFile, DatasetManifest, Recipe, Split } from '@chromatune/contracts';
import { dataOrder } from '@chromatune/data';

/** The files that training reads, in the order in which the epoch (counted from 0) and its validation want them. */
export function filesInDataOrder(
  { manifest, recipe }: { manifest: DatasetManifest; recipe: Pick<Recipe, 'seed'> },
  epoch: number,
): DatasetFile[] {
  const shards = (split: Split) => manifest.shards.filter((shard) => shard.split === split);
  const train = shards('train');
  const order = dataOrder({ seed: recipe.seed, epoch, shardRows: train.map(({ images }) => images) });
  return [
    ...order.shardsAt(0, order.rows).map((index) => train[index]!),
    ...shards('validation'),
    manifest.previews,
  ].flatMap(({ l, ab }) => [l, ab]);
}
