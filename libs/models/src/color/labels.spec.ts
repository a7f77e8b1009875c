import { describe, expect, test } from 'vitest';
import { makeBins } from './bins.js';
import { labelTable, type LabelTable, softLabel } from './labels.js';

const zhang = makeBins(10, 'zhang-313');
const ofPaper = { neighbors: 5, sigma: 5 };

describe('a soft label', () => {
  // Computed with numpy from the same definition.
  test.each([
    {
      of: 'grey',
      ab: [0, 0],
      label: { 120: 0.648786, 102: 0.087804, 119: 0.087804, 121: 0.087804, 139: 0.087804 },
    },
    {
      of: 'a = 3.3, b = -7.1',
      ab: [3.3, -7.1],
      label: { 119: 0.454656, 138: 0.230336, 120: 0.19628, 139: 0.099439, 118: 0.019289 },
    },
    {
      of: 'red',
      ab: [80.0923, 67.2028],
      label: { 283: 0.573607, 282: 0.237656, 302: 0.080549, 263: 0.074815, 301: 0.033373 },
    },
    {
      of: 'blue',
      ab: [79.1856, -107.8573],
      label: { 265: 0.601026, 266: 0.191659, 245: 0.112663, 284: 0.058726, 246: 0.035927 },
    },
    {
      of: 'green',
      ab: [-86.183, 83.1797],
      label: { 3: 0.409073, 11: 0.254855, 4: 0.197507, 12: 0.123048, 2: 0.015518 },
    },
  ] as const)('of $of is shared by its five nearest of the 313 bins', ({ ab, label }) => {
    const { bins, weights } = softLabel([...ab], zhang, ofPaper);
    const expected = Object.entries(label).sort(
      ([bin, one], [otherBin, other]) => other - one || +bin - +otherBin,
    );

    expect([...bins]).toEqual(expected.map(([bin]) => Number(bin)));
    expected.forEach(([, weight], k) => expect(weights[k]).toBeCloseTo(weight, 6));
  });

  test('has the colour itself for its mean, nearly', () => {
    const { bins, weights } = softLabel([3.3, -7.1], zhang, ofPaper);
    const mean = (of: Float32Array) => bins.reduce((sum, bin, k) => sum + weights[k]! * of[bin]!, 0);

    expect(mean(zhang.a)).toBeCloseTo(3.2978, 4);
    expect(mean(zhang.b)).toBeCloseTo(-7.2357, 4);
  });

  test('is shared by all bins where there are fewer than asked for', () => {
    const few = makeBins(40, 'gamut');
    const { bins, weights } = softLabel([0, 0], few, { neighbors: 32, sigma: 50 });

    expect(new Set(bins)).toEqual(new Set(Array(23).keys()));
    expect(Math.min(...weights)).toBeGreaterThan(0);
  });

  test('is one bin when sigma is small, also far away from every bin', () => {
    const { weights } = softLabel([-128, -128], zhang, { neighbors: 3, sigma: 0.01 });

    expect([...weights]).toEqual([1, 0, 0]);
  });

  test.each([1e-100, 1e-162, 1e-200])(
    'is shared by the nearest alone with a sigma too small to be squared: %d',
    (sigma) => {
      expect([...softLabel([3, 4], zhang, { neighbors: 3, sigma }).weights]).toEqual([1, 0, 0]);
      expect([...softLabel([5, 0], zhang, { neighbors: 3, sigma }).weights]).toEqual([0.5, 0.5, 0]);
    },
  );
});

describe('the labels of all 8-bit colours', () => {
  test('are those of each one, and add up to 1', () => {
    const table = labelTable(zhang, { type: 'soft', ...ofPaper });
    const { bins, weights } = softLabel([17, -45], zhang, ofPaper);

    expect(entriesOf(table, 17, -45)).toEqual({ bins: [...bins], weights: [...Float32Array.from(weights)] });
    for (let color = 0; color < 256 * 256; color += 97) {
      const { weights } = entriesOf(table, (color >> 8) - 128, (color & 255) - 128);
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 6);
    }
  });

  test('are one bin each when encoded hard: that of the colour', () => {
    const table = labelTable(zhang, { type: 'hard' });

    expect(entriesOf(table, 0, 0)).toEqual({ bins: [120], weights: [1] });
    expect(entriesOf(table, 80, 67)).toEqual({ bins: [283], weights: [1] });
  });
});

function entriesOf({ perColor, bins, weights }: LabelTable, a: number, b: number) {
  const from = ((a + 128) * 256 + b + 128) * perColor;
  return { bins: [...bins.slice(from, from + perColor)], weights: [...weights.slice(from, from + perColor)] };
}
