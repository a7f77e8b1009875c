import { type ClassificationRecipe, type DatasetPrior, type PriorQuery } from '@chromatune/contracts';
import { type Bins, makeBins } from './bins.js';
import { gaussian } from './gaussian.js';

type Places = Pick<Bins, 'a' | 'b' | 'count'>;
type Rebalancing = Exclude<ClassificationRecipe['rebalancing'], { type: 'none' }>;

/**
 * Share of the colours that lie in each bin, which add up to 1. `abCounts` says how often each 8-bit colour occurs in the
 * training split, at index a8 * 256 + b8.
 */
export function binPrior(
  abCounts: ArrayLike<number>,
  { binOf, count }: Pick<Bins, 'binOf' | 'count'>,
): Float64Array {
  const prior = new Float64Array(count);
  let total = 0;
  for (let color = 0; color < binOf.length; color++) {
    prior[binOf[color]!]! += abCounts[color]!;
    total += abCounts[color]!;
  }
  if (!(total > 0)) throw new Error('A prior needs at least one colour.');
  return prior.map((occurrences) => occurrences / total);
}

/** The prior over these bins as people see it: bins that hold colours, and the entropy of the distribution. */
export function describePrior(
  abCounts: ArrayLike<number>,
  { binSet, binGridSize }: PriorQuery,
): DatasetPrior {
  const { a, b, count, binOf } = makeBins(binGridSize, binSet);
  const bins = [...binPrior(abCounts, { binOf, count })]
    .map((share, bin) => ({ a: a[bin]!, b: b[bin]!, share }))
    .filter(({ share }) => share > 0);
  const entropy = bins.reduce((sum, { share }) => sum - share * Math.log(share), 0);
  return { binSet, binGridSize, count, bins, entropy };
}

/**
 * The prior with each bin's share spread over all bins in proportion to exp(-d² / 2σ²) of the distance d of their centres,
 * so that the sum stays 1. `sigma` in ab units (Zhang et al.: 5); 0 changes nothing.
 */
export function smoothPrior(prior: Float64Array, { a, b, count }: Places, sigma: number): Float64Array {
  if (sigma === 0) return prior.slice();
  const smooth = new Float64Array(count);
  const spread = new Float64Array(count);
  for (let from = 0; from < count; from++) {
    if (prior[from] === 0) continue;
    let sum = 0;
    for (let to = 0; to < count; to++) {
      const squared = (a[from]! - a[to]!) ** 2 + (b[from]! - b[to]!) ** 2;
      sum += spread[to] = gaussian(squared, sigma);
    }
    for (let to = 0; to < count; to++) smooth[to]! += (prior[from]! * spread[to]!) / sum;
  }
  return smooth;
}

/**
 * Weight w of each bin, by which the loss of a pixel in it counts: Zhang et al. 2016, w ∝ 1 / ((1 - λ) p̃ + λ u) with
 * Σ p̃ w = 1, for the smoothed prior p̃ and a uniform distribution u.
 * `paper`: u is over all bins. `released-code`: u is over the bins that hold training pixels, so that an empty one would
 * get an enormous weight, or an infinite one.
 * Where no part of u protects it (`released-code`, λ = 0, or a λ too small to count), an empty bin gets no more than the
 * heaviest of the others.
 */
export function rebalancingWeights(
  prior: Float64Array,
  places: Places,
  { type, lambda, sigma }: Rebalancing,
): Float64Array {
  const smooth = smoothPrior(prior, places, sigma);
  const filled = prior.filter((share) => share > 0).length;
  const uniform = (bin: number) => (type === 'paper' ? 1 / prior.length : prior[bin]! > 0 ? 1 / filled : 0);
  const raw = smooth.map((share, bin) => 1 / ((1 - lambda) * share + lambda * uniform(bin)));
  const heaviest = raw.reduce((most, weight, bin) => (prior[bin]! > 0 ? Math.max(most, weight) : most), 0);
  const bounded = raw.map((weight, bin) =>
    prior[bin] === 0 && lambda * uniform(bin) < leastProtection ? Math.min(weight, heaviest) : weight,
  );
  const mean = bounded.reduce((sum, weight, bin) => sum + weight * smooth[bin]!, 0);
  return bounded.map((weight) => weight / mean);
}

/** Share of the mixed prior below which an empty bin would weigh a billion times what is usual, or, in float32, infinitely. */
const leastProtection = 1e-9;
