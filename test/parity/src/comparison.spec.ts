import { describe, expect, test } from 'vitest';
import { compareNumbers, compareTensors, type Comparison, differenceOf, worseOf } from './comparison.js';
import { float32Bound } from './engine.js';
import { readFixtures, type TensorSummary } from './fixtures.js';
import { hashValues, uniform } from './hash-fill.js';

describe('the difference of a tensor', () => {
  const values = hashValues('some', 1000);

  test('is nothing when the values are the reference’s', () => {
    expect(differenceOf(summaryOf(values), values)).toBeLessThan(1e-12);
  });

  test('is a share of the largest magnitude', () => {
    const reference = summaryOf([10, -20, 5]);

    expect(differenceOf(reference, [10, -20, 5.2])).toBeCloseTo(0.2 / 20, 10);
  });

  test('is noticed where no value is kept: when two values changed places', () => {
    const changed = Float32Array.from(values);
    [changed[0], changed[1]] = [values[1]!, values[0]!];

    expect(differenceOf({ ...summaryOf(values), samples: [] }, changed)).toBeGreaterThan(1e-3);
  });

  test('is infinite where something is no number', () => {
    const broken = Float32Array.from(values);
    broken[7] = NaN;

    expect(differenceOf(summaryOf(values), broken)).toBe(Infinity);
  });

  test('cannot be told of another number of values', () => {
    expect(() => differenceOf(summaryOf(values), values.slice(1))).toThrow(
      'some has 999 values; the reference has 1000.',
    );
  });
});

test('of several tensors the worst is named', () => {
  const good = { ...summaryOf([1, 2]), name: 'good' };
  const bad = { ...summaryOf([1, 2]), name: 'bad' };
  const ours = new Map([
    ['good', () => [1, 2]],
    ['bad', () => [1, 3]],
  ]);

  expect(compareTensors([good, bad], ours).where).toBe('bad');
  expect(() => compareTensors([good, bad], new Map([['good', () => [1, 2]]]))).toThrow("reference's bad");
});

describe('of two comparisons', () => {
  const comparisonOf = (difference: number, where: string): Comparison => ({
    ours: 1,
    reference: 1,
    difference,
    where,
  });

  test('the one with the larger difference is named, with the figures of the first', () => {
    const [value, gradient] = [comparisonOf(0.1, 'value'), comparisonOf(0.2, 'gradient')];

    expect(worseOf({ ...value, ours: 5 }, gradient)).toEqual({ ...gradient, ours: 5 });
    expect(worseOf(gradient, value)).toEqual(gradient);
  });

  test('what is no number is worse than any difference, be it first or later', () => {
    const [lost, good] = [comparisonOf(NaN, 'lost'), comparisonOf(1e-8, 'good')];

    expect(worseOf(lost, good).where).toBe('lost');
    expect(worseOf(good, lost).where).toBe('lost');
    expect([good, lost, good].reduce(worseOf).difference).toBeNaN();
  });

  test('a number that was lost is infinitely far from the reference', () => {
    expect(compareNumbers(NaN, 2, 'value').difference).toBe(Infinity);
    expect(compareNumbers(2.5, 2, 'value').difference).toBe(0.25);
  });
});

test('PyTorch’s own float32 is within the bound of its float64 in every fixture of a network', () => {
  const summaries = [
    ...readFixtures('encoders').flatMap(({ tensors }) => tensors),
    ...readFixtures('models').flatMap((one) => [...one.eval.tensors, ...one.train.tensors]),
  ];

  expect(summaries.length).toBeGreaterThan(300);
  for (const { name, rounding } of summaries) expect(rounding, name).toBeLessThan(float32Bound);
});

/** As python/record.py makes it, of a tensor of one dimension. */
function summaryOf(values: ArrayLike<number>): TensorSummary {
  const all = Array.from(values);
  const weights = uniform('check.some', all.length);
  return {
    name: 'some',
    shape: [all.length],
    largest: Math.max(...all.map(Math.abs)),
    norm: Math.hypot(...all),
    projection: all.reduce((sum, value, index) => sum + value * weights[index]!, 0),
    rounding: 0,
    samples: all.length <= 48 ? all : [],
  };
}
