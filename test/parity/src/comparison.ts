import type { TensorSummary } from './fixtures.js';
import { hashes, product, uniform } from './hash-fill.js';

/** One thing that this project and an independent reference both compute: a line of the table. */
export interface Item {
  item: string;
  /** What made the reference. */
  source: string;
  /** Largest difference that is allowed, as a share of the largest magnitude unless the item says otherwise. */
  bound: number;
  /** Whether the specs compute it too; large networks take the portable engine minutes. */
  tested: 'always' | 'on native' | 'not';
  compute(): Promise<Comparison>;
}

export interface Comparison {
  /** A figure that sums up what we computed, and the same of the reference, for people. */
  ours: number;
  reference: number;
  /** The largest of all differences … */
  difference: number;
  /** … and where it is. */
  where: string;
}

/** Gives the values of a tensor in PyTorch's order, by the name of the fixture's summary: of a few among many. */
export type TensorValues = ReadonlyMap<string, () => ArrayLike<number>>;

/** Of several tensors, the largest difference; the figures for people are norms of the first. */
export function compareTensors(summaries: readonly TensorSummary[], ours: TensorValues): Comparison {
  const comparisons = summaries.map((summary): Comparison => {
    const values = ours.get(summary.name)?.();
    if (!values) throw new Error(`There is nothing to compare with the reference's ${summary.name}.`);
    return {
      ours: norm(values),
      reference: summary.norm,
      difference: differenceOf(summary, values),
      where: summary.name,
    };
  });
  return comparisons.reduce(worseOf);
}

/** Of one number against another, as a share of the reference. */
export const compareNumbers = (ours: number, reference: number, where: string): Comparison => ({
  ours,
  reference,
  difference: distance(ours, reference, Math.abs(reference)),
  where,
});

/** The larger difference of both, with the figures of the first. */
export const worseOf = (one: Comparison, other: Comparison): Comparison =>
  Number.isNaN(one.difference) || one.difference >= other.difference
    ? one
    : { ...one, difference: other.difference, where: other.where };

/** Of two numbers, as a share of `scale`. NaN is infinitely far from everything, so that no maximum passes over it. */
export function distance(ours: number, reference: number, scale: number): number {
  const share = Math.abs(ours - reference) / scale;
  return Number.isNaN(share) ? Infinity : share;
}

/**
 * Largest of: the samples' differences as a share of the largest magnitude; the difference of norm and of projection as a
 * share of the norm.
 */
export function differenceOf(reference: TensorSummary, values: ArrayLike<number>): number {
  const { name, shape, largest, norm: expectedNorm, projection, samples } = reference;
  const size = product(shape);
  if (values.length !== size)
    throw new Error(`${name} has ${values.length} values; the reference has ${size}.`);
  const at =
    size <= samples.length
      ? Array.from(samples.keys())
      : Array.from(hashes(`sample.${name}`, samples.length), (hash) => hash % size);
  const weights = uniform(`check.${name}`, size);
  let ourProjection = 0;
  for (let index = 0; index < size; index++) ourProjection += values[index]! * weights[index]!;

  return Math.max(
    ...samples.map((sample, index) => distance(values[at[index]!]!, sample, largest)),
    distance(norm(values), expectedNorm, expectedNorm),
    distance(ourProjection, projection, expectedNorm),
  );
}

function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]! ** 2;
  return Math.sqrt(sum);
}
