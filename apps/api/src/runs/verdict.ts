import { fromMeasured, type Measured, type Verdict } from '@chromatune/contracts';

/** A train loss as it counts: of the attempt whose steps stand, in the order of steps. */
export interface LossPoint {
  step: number;
  epoch: number;
  value: Measured;
}

export interface Compared {
  original: LossPoint[];
  reproduced: LossPoint[];
  /** Whether the same numbers may be expected bit for bit. */
  sameEngine: boolean;
  weights: {
    original: string;
    reproduced: string;
    /** Over all weights and moving statistics; null when their checkpoints cannot be compared. */
    largestDifference: number | null;
  };
}

/**
 * Band for another engine, as a share of the loss. Rounding differs from the first operation on and training amplifies
 * it, so single steps drift apart chaotically while their mean does not. The first step has seen no update: it computes
 * the same loss of the same weights and the same batch, and only rounding may differ. A wrong recipe, another data order
 * or a defect of a kernel moves either by far more.
 */
export const band = { firstStep: 0.001, epochMean: 0.05 };

/** Compares two runs step by step, then weight by weight. Pure: same input, same verdict. */
export function compareRuns(compared: Compared): Verdict {
  return compared.sameEngine ? compareExactly(compared) : compareWithinBand(compared);
}

function compareExactly({ original, reproduced, weights }: Compared): Verdict {
  const pairs = pairSteps(original, reproduced);
  const different = pairs.find(([a, b]) => !isSame(a, b));
  if (different) return diverged(different, pairs);
  const last = pairs.at(-1);
  if (!last) return { verdict: 'NOT REPRODUCIBLE', reason: 'neither run has a train loss to compare' };
  if (weights.original !== weights.reproduced) return diverged(last, pairs);
  return { verdict: 'IDENTICAL', steps: pairs.length, weightsSha256: weights.original };
}

function compareWithinBand({ original, reproduced, weights }: Compared): Verdict {
  const pairs = pairSteps(original, reproduced);
  const [first] = pairs;
  if (!first) return { verdict: 'NOT REPRODUCIBLE', reason: 'neither run has a train loss to compare' };
  if (!isWithin(valueOf(first[0]), valueOf(first[1]), band.firstStep)) return diverged(first, pairs);

  for (const epoch of groupByEpoch(pairs)) {
    const complete = epoch.every(([a, b]) => a && b);
    const means = [meanOf(epoch.map(([a]) => a)), meanOf(epoch.map(([, b]) => b))] as const;
    if (!complete || !isWithin(...means, band.epochMean)) {
      return diverged(epoch.find(([a, b]) => !a || !b) ?? epoch.at(-1)!, pairs);
    }
  }
  if (weights.largestDifference === null) {
    return {
      verdict: 'NOT REPRODUCIBLE',
      reason: 'the final weights of one of the runs are gone or damaged',
    };
  }
  return {
    verdict: 'EQUIVALENT',
    largestLossDifference: largestDifference(pairs),
    largestWeightDifference: weights.largestDifference,
    band: band.epochMean,
    reason:
      `another engine rounds differently: every epoch's mean train loss is within ${band.epochMean * 100} %, ` +
      `the first step's within ${band.firstStep * 100} %`,
  };
}

type Pair = [original: LossPoint | undefined, reproduced: LossPoint | undefined];

function pairSteps(original: LossPoint[], reproduced: LossPoint[]): Pair[] {
  const byStep = new Map<number, Pair>();
  for (const point of original) byStep.set(point.step, [point, undefined]);
  for (const point of reproduced) byStep.set(point.step, [byStep.get(point.step)?.[0], point]);
  return [...byStep].sort(([a], [b]) => a - b).map(([, pair]) => pair);
}

/** The step's own epoch decides: the last step of epoch 1 has epoch 1, the next one a little more. */
function groupByEpoch(pairs: Pair[]): Pair[][] {
  const groups = new Map<number, Pair[]>();
  for (const pair of pairs) {
    const epoch = Math.ceil((pair[0] ?? pair[1])!.epoch);
    groups.set(epoch, [...(groups.get(epoch) ?? []), pair]);
  }
  return [...groups.values()];
}

const isSame = (a: LossPoint | undefined, b: LossPoint | undefined) =>
  a !== undefined && b !== undefined && a.value === b.value;

const isWithin = (a: number, b: number, share: number) =>
  Object.is(a, b) || Math.abs(a - b) <= share * Math.max(Math.abs(a), Math.abs(b));

/** A step that one of the runs never reached has no value. */
const valueOf = (point: LossPoint | undefined) => (point ? fromMeasured(point.value) : NaN);
const meanOf = (points: (LossPoint | undefined)[]) =>
  points.reduce((sum, point) => sum + valueOf(point), 0) / points.length;

function diverged([a, b]: Pair, pairs: Pair[]): Verdict {
  return {
    verdict: 'DIVERGED',
    step: (a ?? b)!.step,
    original: a?.value ?? 'NaN',
    reproduced: b?.value ?? 'NaN',
    largestLossDifference: largestDifference(pairs),
  };
}

/** Over the steps at which both losses are finite. */
function largestDifference(pairs: Pair[]): number {
  let largest = 0;
  for (const [a, b] of pairs) {
    const difference = Math.abs(valueOf(a) - valueOf(b));
    if (Number.isFinite(difference)) largest = Math.max(largest, difference);
  }
  return largest;
}
