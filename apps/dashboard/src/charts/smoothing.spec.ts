import { describe, expect, it } from 'vitest';
import { movingAverage } from './smoothing.js';

const single = (values: (number | null)[]) => values.map((value) => ({ value, count: 1 }));

describe('movingAverage', () => {
  it('changes nothing with weight 0', () => {
    expect(movingAverage(single([3, 1, 4]), 0)).toEqual([3, 1, 4]);
  });

  it('keeps a constant constant from the first value on', () => {
    const rates = Array.from({ length: 40 }, () => 1.59e-4);

    for (const weight of [0.3, 0.9, 0.99]) expect(movingAverage(single(rates), weight)).toEqual(rates);
  });

  it('is not pulled towards zero at the beginning', () => {
    const [first, second] = movingAverage(single([10, 20]), 0.5);

    expect(first).toBeCloseTo(10, 12);
    expect(second).toBeCloseTo((0.25 * 10 + 0.5 * 20) / 0.75, 12);
  });

  it('leaves a gap where nothing finite was measured, and goes on behind it', () => {
    const smoothed = movingAverage(single([1, null, 1]), 0.5);

    expect(smoothed[1]).toBeNull();
    expect(smoothed[2]).toBeCloseTo(1, 12);
  });

  it('weighs a bucket as often as it has measurements', () => {
    const [, , , , last] = movingAverage(single([0, 8, 8, 8, 8]), 0.7);
    const [, reduced] = movingAverage(
      [
        { value: 0, count: 1 },
        { value: 8, count: 4 },
      ],
      0.7,
    );

    expect(reduced).toBeCloseTo(last ?? NaN, 12);
  });
});
