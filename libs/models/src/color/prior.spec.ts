import { describe, expect, test } from 'vitest';
import { makeBins } from './bins.js';
import { binPrior, describePrior, rebalancingWeights, smoothPrior } from './prior.js';

/** Three bins, far apart. */
const toy = { a: Float32Array.of(0, 100, 0), b: Float32Array.of(0, 0, 100), count: 3 };
const plain = { lambda: 0.5, sigma: 0 };
const weightsOf = (prior: number[], rebalancing: Parameters<typeof rebalancingWeights>[2]) => [
  ...rebalancingWeights(Float64Array.from(prior), toy, rebalancing),
];

describe('a prior', () => {
  test('is the share of each bin in the colours of the training split', () => {
    const bins = makeBins(10, 'zhang-313');
    const counts = countsOf({ '0,0': 5, '2,-3': 1, '80,67': 2 });
    const prior = binPrior(counts, bins);

    expect([prior[120], prior[283]]).toEqual([0.75, 0.25]);
    expect(prior.reduce((sum, share) => sum + share, 0)).toBe(1);
  });

  test('is described by the bins that hold colours and by its entropy', () => {
    const counts = countsOf({ '0,0': 2, '42,-3': 1, '80,67': 1 });

    expect(describePrior(counts, { binSet: 'zhang-313', binGridSize: 10 })).toEqual({
      binSet: 'zhang-313',
      binGridSize: 10,
      count: 313,
      bins: [
        { a: 0, b: 0, share: 0.5 },
        { a: 40, b: 0, share: 0.25 },
        { a: 80, b: 70, share: 0.25 },
      ],
      entropy: 1.5 * Math.LN2,
    });
  });

  test('of no colours at all is refused', () => {
    expect(() => binPrior(new Float64Array(65_536), makeBins(40, 'gamut'))).toThrow('at least one colour');
  });

  test('is spread by a Gaussian in ab units, not in bins', () => {
    const prior = new Float64Array(625);
    const bins = makeBins(10, 'square');
    const grey = 312;
    prior[grey] = 1;
    const smooth = smoothPrior(prior, bins, 5);

    expect(smooth[grey + 1]! / smooth[grey]!).toBeCloseTo(Math.exp(-100 / 50), 12);
    expect(smooth[grey + 26]! / smooth[grey]!).toBeCloseTo(Math.exp(-200 / 50), 12);
    expect(smooth.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  });

  test('is left alone when sigma is 0', () => {
    expect([...smoothPrior(Float64Array.of(0.7, 0.2, 0.1), toy, 0)]).toEqual([0.7, 0.2, 0.1]);
  });

  test.each([1e-100, 1e-162, 1e-200])('is left alone by a sigma too small to be squared: %d', (sigma) => {
    expect([...smoothPrior(Float64Array.of(0.7, 0.2, 0.1), toy, sigma)]).toEqual([0.7, 0.2, 0.1]);
  });

  test('loses nothing at the border of the bins', () => {
    const prior = Float64Array.of(0, 1, 0);
    const smooth = smoothPrior(prior, toy, 40);

    expect(smooth.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(smooth[0]).toBeGreaterThan(smooth[2]!);
  });
});

describe('rebalancing weights', () => {
  test.each(['paper', 'released-code'] as const)('as in the %s, where no bin is empty', (type) => {
    expect(weightsOf([0.7, 0.2, 0.1], { type, ...plain })).toEqual([
      expect.closeTo(0.75417, 6),
      expect.closeTo(1.461204, 6),
      expect.closeTo(1.798405, 6),
    ]);
  });

  test('of the paper give an empty bin its share of the uniform distribution', () => {
    expect(weightsOf([0.7, 0.3, 0], { type: 'paper', ...plain })).toEqual([
      expect.closeTo(0.840708, 6),
      expect.closeTo(1.371681, 6),
      expect.closeTo(2.606195, 6),
    ]);
  });

  test('of the released code give an empty bin the heaviest weight of the others, not an infinite one', () => {
    expect(weightsOf([0.7, 0.3, 0], { type: 'released-code', ...plain })).toEqual([
      expect.closeTo(0.869565, 6),
      expect.closeTo(1.304348, 6),
      expect.closeTo(1.304348, 6),
    ]);
  });

  test.each([
    ['paper', 0],
    ['paper', 5],
    ['released-code', 0],
    ['released-code', 5],
    ['released-code', 0.5],
  ] as const)(
    'of the %s with no or little λ or smoothing stay bounded in empty bins (σ = %d)',
    (type, sigma) => {
      for (const lambda of [0, 1e-308, 1e-40, 1e-7, 1e-6, 0.5]) {
        const bins = makeBins(10, 'zhang-313');
        const prior = binPrior(countsOf({ '0,0': 1000, '20,10': 30, '-20,30': 1 }), bins);
        const weights = [...rebalancingWeights(prior, bins, { type, lambda, sigma })];
        const heaviestFilled = Math.max(...weights.filter((_, bin) => prior[bin]! > 0));

        expect(weights.every((weight) => Number.isFinite(Math.fround(weight)))).toBe(true);
        if (lambda < 1e-6 || type === 'released-code') expect(Math.max(...weights)).toBe(heaviestFilled);
      }
    },
  );

  test.each(['paper', 'released-code'] as const)('of the %s average 1 under the smoothed prior', (type) => {
    const bins = makeBins(20, 'gamut');
    const prior = binPrior(countsOf({ '0,0': 90, '40,20': 9, '-60,40': 1 }), bins);
    const weights = rebalancingWeights(prior, bins, { type, lambda: 0.3, sigma: 10 });
    const mean = smoothPrior(prior, bins, 10).reduce((sum, share, bin) => sum + share * weights[bin]!, 0);

    expect(mean).toBeCloseTo(1, 12);
  });

  test('with λ = 1 are all 1: nothing is rebalanced', () => {
    expect(weightsOf([0.7, 0.2, 0.1], { type: 'paper', lambda: 1, sigma: 0 })).toEqual([
      expect.closeTo(1, 12),
      expect.closeTo(1, 12),
      expect.closeTo(1, 12),
    ]);
  });
});

/** Counts by "a,b" in ab units. */
function countsOf(colors: Record<string, number>): Float64Array {
  const counts = new Float64Array(65_536);
  for (const [color, count] of Object.entries(colors)) {
    const [a, b] = color.split(',').map(Number);
    counts[(a! + 128) * 256 + b! + 128] = count;
  }
  return counts;
}
