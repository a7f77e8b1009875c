import { plainAdam, type Recipe } from '@chromatune/contracts';
import { expect, test } from 'vitest';
import { learningRateAt } from './schedule.js';

const recipe = (schedule: Recipe['schedule'], warmupSteps = 0) => ({
  optimizer: { ...plainAdam, learningRate: 0.1 },
  schedule,
  warmupSteps,
  epochs: 4,
});

test('a constant rate stays', () => {
  expect([1, 50, 400].map((step) => learningRateAt(recipe({ type: 'constant' }), step, 100))).toEqual([
    0.1, 0.1, 0.1,
  ]);
});

test('steps fall after whole epochs', () => {
  const falling = recipe({ type: 'step', every: 2, factor: 0.5 });

  expect([1, 200, 201, 400].map((step) => learningRateAt(falling, step, 100))).toEqual([
    0.1, 0.1, 0.05, 0.05,
  ]);
});

test('the cosine begins at the rate, passes the middle half-way and ends at its floor', () => {
  const cosine = recipe({ type: 'cosine', floor: 0.2 });

  expect(learningRateAt(cosine, 1, 100)).toBe(0.1);
  expect(learningRateAt(cosine, 201, 100)).toBeCloseTo(0.06, 12);
  expect(learningRateAt(cosine, 401, 100)).toBeCloseTo(0.02, 12);
});

test('the warm-up rises linearly to where the schedule is', () => {
  const warm = recipe({ type: 'constant' }, 10);

  const rates = [1, 5, 10, 11].map((step) => learningRateAt(warm, step, 100));
  [0.01, 0.05, 0.1, 0.1].forEach((rate, index) => expect(rates[index]).toBeCloseTo(rate, 12));
});
