/**
 * Least cross entropy with a label t that a softmax of a softmax can have: the minimum of log Σ exp(p) - Σ t p over
 * distributions p. For a label of one bin among Q it is ln(1 + (Q - 1) / e): 5.4405 of 625. A convex problem; where p > 0,
 * its solution has exp(p) = S t + m, with S = Σ exp(p) and an m that makes p add up to 1.
 * @param label weights that add up to 1, of which those that are 0 may be left out
 */
export function leastDoubleSoftmax(label: ArrayLike<number>, bins: number): number {
  return doubleSoftmaxLoss(label, bestForDoubleSoftmax(label, bins));
}

/** A softmax p of a softmax: the sum of exp(p), and p of a bin by the weight that it has in the label p was made for. */
export interface DoubleSoftmax {
  sum: number;
  probabilityOf(weight: number): number;
}

/** Cross entropy of p with a label; `aimed` holds the weights that p was made for, in the order of the label's. */
export function doubleSoftmaxLoss(label: ArrayLike<number>, p: DoubleSoftmax, aimed = label): number {
  let overlap = 0;
  for (let k = 0; k < label.length; k++) overlap += label[k]! * p.probabilityOf(aimed[k]!);
  return Math.log(p.sum) - overlap;
}

/** The distribution p that has this least loss. */
export function bestForDoubleSoftmax(label: ArrayLike<number>, bins: number): DoubleSoftmax {
  const weights = Float64Array.from(label)
    .filter((weight) => weight > 0)
    .sort()
    .reverse();
  const [largest, second = 0] = weights;
  const sumWhenCertain = bins - 1 + Math.E;
  if (bins === 1 || largest! - second >= (Math.E - 1) / sumWhenCertain) {
    return { sum: sumWhenCertain, probabilityOf: (weight) => (weight === largest ? 1 : 0) };
  }
  let sum = sumWhenCertain;
  for (let round = 0; round < 100; round++) {
    const next = sumOfExponentials(sum, marginOf(sum));
    if (Math.abs(next - sum) < 1e-12 * sum) break;
    sum = next;
  }
  const margin = marginOf(sum);
  return { sum, probabilityOf: (weight) => Math.log(Math.max(1, sum * weight + margin)) };

  function marginOf(sum: number): number {
    let [low, high] = [1 - sum * largest!, Math.E - sum * largest!];
    for (let halving = 0; halving < 60; halving++) {
      const middle = (low + high) / 2;
      if (probabilitySum(sum, middle) < 1) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  }

  function probabilitySum(sum: number, margin: number): number {
    const ofOthers = (bins - weights.length) * Math.log(Math.max(1, margin));
    return weights.reduce((total, weight) => total + Math.log(Math.max(1, sum * weight + margin)), ofOthers);
  }

  function sumOfExponentials(sum: number, margin: number): number {
    const ofOthers = (bins - weights.length) * Math.max(1, margin);
    return weights.reduce((total, weight) => total + Math.max(1, sum * weight + margin), ofOthers);
  }
}
