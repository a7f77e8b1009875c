import { expect, it } from 'vitest';
import { makeTinyDataset, tinyRecipe } from '../testing/tiny-dataset.js';
import { filesInDataOrder } from './data-files.js';

it("lists an epoch's training files in its own order, then validation and previews, nothing else", () => {
  const dataset = makeTinyDataset({ train: [2, 2, 2, 2, 2, 2, 2, 2, 2, 2] });
  const recipe = tinyRecipe(dataset);
  const names = (epoch: number) =>
    filesInDataOrder({ manifest: dataset.manifest, recipe }, epoch).map(({ name }) => name);

  expect(names(0)).toHaveLength(2 * 12);
  expect(names(0).slice(-4)).toEqual([
    'validation-l.npy',
    'validation-ab.npy',
    'previews-l.npy',
    'previews-ab.npy',
  ]);
  expect(names(0)).not.toEqual(names(1));
  expect([...names(0)].sort()).toEqual([...names(1)].sort());
});
