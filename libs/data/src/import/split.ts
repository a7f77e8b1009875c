import { type Split } from '@chromatune/contracts';
import { stream } from '@chromatune/random';
import { ImportError } from './import-options.js';

/**
 * Deals 0 to `count` - 1 out to the splits at random: a tenth to validation, a tenth to test, at least one each.
 * @throws ImportError when there are too few for three splits
 */
export function splitOf(count: number, seed: number): Record<Split, number[]> {
  if (count < 3) {
    throw new ImportError(
      'too_few_images',
      `Only ${count} usable ${count === 1 ? 'picture was' : 'pictures were'} found; a dataset needs at least 3.`,
      'Add pictures: some hundred give a first impression, many thousand a good colorizer.',
    );
  }
  const order = [...stream(seed, 'split').permutation(count)];
  const tenth = Math.max(1, Math.round(count / 10));
  return {
    test: order.slice(0, tenth),
    validation: order.slice(tenth, 2 * tenth),
    train: order.slice(2 * tenth),
  };
}
