import type { Curve } from '@chromatune/contracts';
import { describe, expect, it } from 'vitest';
import { stepsToFetch } from './zoom-range.js';

describe('stepsToFetch', () => {
  it('asks for nothing finer when the curve is exact or nothing is zoomed', () => {
    expect(stepsToFetch(reduced({ exact: true }), [1, 2], 'epoch', 0)).toBeNull();
    expect(stepsToFetch(reduced(), null, 'epoch', 0)).toBeNull();
  });

  it('covers the zoomed epochs, with a margin', () => {
    const range = stepsToFetch(reduced(), [2, 3], 'epoch', 0);

    expect(range?.from).toBeLessThanOrEqual(2000);
    expect(range?.to).toBeGreaterThanOrEqual(3000);
    expect((range?.to ?? 0) - (range?.from ?? 0)).toBeLessThan(4000);
  });

  it('asks for the same steps while one pans a little', () => {
    expect(stepsToFetch(reduced(), [2000, 3000], 'step', 0)).toEqual(
      stepsToFetch(reduced(), [2010, 3010], 'step', 0),
    );
  });
});

function reduced({ exact = false } = {}): Curve {
  const bucket = (stepFrom: number, stepTo: number) => ({
    stepFrom,
    stepTo,
    epoch: stepTo / 1000,
    at: new Date(stepTo * 1000).toISOString(),
    first: 1,
    last: 1,
    min: 1,
    max: 1,
    mean: 1,
    count: stepTo - stepFrom + 1,
    nonFinite: 0,
  });
  return {
    runId: 's1-0',
    metric: 'train/loss',
    buckets: [bucket(1, 5000), bucket(5001, 10_000)],
    superseded: [],
    exact,
    cursor: { attempt: 1, seq: 1 },
  };
}
