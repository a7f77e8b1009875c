/** A value that stands for `weight` measurements; null where none of them was finite. */
export interface Weighted {
  value: number | null;
  count: number;
}

/**
 * Exponential moving average without the pull of the first value (as in Adam). A reduced bucket counts as often as it
 * has measurements, so that the smoothed curve does not depend on the zoom. Values without a number leave a gap.
 *
 * @param weight how much of the past is kept at each measurement, in [0, 1).
 */
export function movingAverage(values: readonly Weighted[], weight: number): (number | null)[] {
  let average = 0;
  let norm = 0;
  return values.map(({ value, count }) => {
    if (value === null) return null;
    const keep = weight ** count;
    norm = keep * norm + (1 - keep);
    average += ((1 - keep) / norm) * (value - average); // exact for constants, where a sum over a norm is not
    return average;
  });
}
