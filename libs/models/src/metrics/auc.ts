import { requireSameLength } from './same-length.js';

/** Distances in ab units at which accuracy is read: 0 to 150, as Zhang et al. 2016. */
const farthest = 150;

/** Pixels, or their weights, by the lowest threshold that their distance does not exceed; the last place holds the rest. */
export const newAucCounts = () => new Float64Array(farthest + 2);

/**
 * Area under the curve of accuracy over threshold: the share of pixels whose ab distance is at most t, for t from 0 to 150
 * in steps of 1, by the trapezoid rule and divided by 150. 1 when all pixels are right.
 */
export function aucOf(counts: Float64Array): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let within = counts[0]!;
  let area = 0;
  for (let threshold = 1; threshold <= farthest; threshold++) {
    const before = within;
    within += counts[threshold]!;
    area += (before + within) / 2;
  }
  return area / total / farthest;
}

/**
 * Sorts the pixels of a picture by the distance of predicted ab (ab units) to the truth (8-bit): adds 1 to `counts` for
 * each, and to `rebalanced` the weight of its true colour, `weights[a8 * 256 + b8]`.
 */
export function countDistances(
  predicted: ArrayLike<number>,
  truth: Uint8Array,
  weights: Float64Array,
  { counts, rebalanced }: { counts: Float64Array; rebalanced: Float64Array },
): void {
  requireSameLength(predicted, truth);
  for (let index = 0; index < truth.length; index += 2) {
    const a = predicted[index]! - (truth[index]! - 128);
    const b = predicted[index + 1]! - (truth[index + 1]! - 128);
    const distance = Math.ceil(Math.sqrt(a * a + b * b));
    const place = distance <= farthest ? distance : farthest + 1; // NaN goes with what is too far
    counts[place]! += 1;
    rebalanced[place]! += weights[(truth[index]! << 8) | truth[index + 1]!]!;
  }
}

/**
 * Weight of each 8-bit colour, at index a8 * 256 + b8, for the rebalanced AuC: 1 / p of its cell of 10 ab units (centred on
 * multiples of 10), p being the cell's share of `counts`, the colours of the training split. So every kind of colour counts
 * alike, however rare. An empty cell gets the weight of the rarest one that is not empty, the largest there is.
 */
export function aucWeights(counts: Float64Array): Float64Array {
  const cellOf = (color8: number) => Math.round((color8 - 128) / 10) + 13;
  const cells = new Float64Array(27 * 27);
  counts.forEach((count, color) => (cells[cellOf(color >> 8) * 27 + cellOf(color & 255)]! += count));
  const total = cells.reduce((sum, count) => sum + count, 0);
  const rarest = cells.reduce((least, count) => (count > 0 && count < least ? count : least), total || 1);
  return Float64Array.from({ length: 65_536 }, (_, color) => {
    const count = cells[cellOf(color >> 8) * 27 + cellOf(color & 255)]!;
    return (total || 1) / (count || rarest);
  });
}
