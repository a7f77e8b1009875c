import { describe, expect, it } from 'vitest';
import { band, compareRuns, type Compared, type LossPoint } from './verdict.js';

const weights = { original: 'a'.repeat(64), reproduced: 'a'.repeat(64), largestDifference: 0 };
const losses = (...values: LossPoint['value'][]): LossPoint[] =>
  values.map((value, i) => ({ step: i + 1, epoch: (i + 1) / 2, value }));
const compare = (more: Partial<Compared>) =>
  compareRuns({ original: [], reproduced: [], sameEngine: true, weights, ...more });

describe('on the same engine', () => {
  it('equal losses and weights are IDENTICAL', () => {
    const verdict = compare({ original: losses(3, 2, 1), reproduced: losses(3, 2, 1) });
    expect(verdict).toEqual({ verdict: 'IDENTICAL', steps: 3, weightsSha256: weights.original });
  });

  it('the smallest difference is DIVERGED, at its step and with both losses', () => {
    const verdict = compare({
      original: losses(3, 2, 1),
      reproduced: losses(3, 2 + Number.EPSILON * 2, 1.5),
    });
    expect(verdict).toEqual({
      verdict: 'DIVERGED',
      step: 2,
      original: 2,
      reproduced: 2 + Number.EPSILON * 2,
      largestLossDifference: 0.5,
    });
  });

  it('the same NaN at the same step is no difference', () => {
    expect(compare({ original: losses(3, 'NaN'), reproduced: losses(3, 'NaN') })).toMatchObject({
      verdict: 'IDENTICAL',
    });
    expect(compare({ original: losses(3, 'NaN'), reproduced: losses(3, 'Infinity') })).toMatchObject({
      verdict: 'DIVERGED',
      step: 2,
      original: 'NaN',
      reproduced: 'Infinity',
    });
  });

  it('a step that one of the runs never reached is DIVERGED there', () => {
    const longer = compare({ original: losses(3, 2), reproduced: losses(3, 2, 1) });
    expect(longer).toMatchObject({ verdict: 'DIVERGED', step: 3, original: 'NaN', reproduced: 1 });
    const shorter = compare({ original: losses(3, 2, 1), reproduced: losses(3, 2) });
    expect(shorter).toMatchObject({ verdict: 'DIVERGED', step: 3, original: 1, reproduced: 'NaN' });
  });

  it('other weights after equal losses are DIVERGED at the last step', () => {
    const verdict = compare({
      original: losses(3, 2),
      reproduced: losses(3, 2),
      weights: { ...weights, reproduced: 'b'.repeat(64), largestDifference: 1e-7 },
    });
    expect(verdict).toMatchObject({ verdict: 'DIVERGED', step: 2 });
  });

  it('says that nothing can be compared when no loss was measured', () => {
    expect(compare({})).toMatchObject({ verdict: 'NOT REPRODUCIBLE' });
  });
});

describe('on another engine', () => {
  const other = {
    sameEngine: false,
    weights: { ...weights, reproduced: 'b'.repeat(64), largestDifference: 0.02 },
  };

  it('losses within the band are EQUIVALENT, with the largest differences', () => {
    const verdict = compare({
      ...other,
      original: losses(4, 2, 1, 1),
      reproduced: losses(4.0001, 2.1, 1.01, 1),
    });
    expect(verdict).toMatchObject({
      verdict: 'EQUIVALENT',
      largestWeightDifference: 0.02,
      band: band.epochMean,
    });
    expect(verdict).toHaveProperty('largestLossDifference', expect.closeTo(0.1, 10));
  });

  it('single steps may leave the band while the mean of their epoch stays within', () => {
    const verdict = compare({ ...other, original: losses(4, 2, 1, 3), reproduced: losses(4, 2, 1.2, 2.8) });
    expect(verdict).toMatchObject({ verdict: 'EQUIVALENT' });
  });

  it('another loss of the first step is DIVERGED at step 1: the initial weights or data differ', () => {
    const verdict = compare({ ...other, original: losses(4, 2), reproduced: losses(4.01, 2) });
    expect(verdict).toMatchObject({ verdict: 'DIVERGED', step: 1 });
  });

  it('an epoch whose mean leaves the band is DIVERGED at its last step', () => {
    const verdict = compare({ ...other, original: losses(4, 4, 2, 2), reproduced: losses(4, 4, 2.2, 2.2) });
    expect(verdict).toMatchObject({ verdict: 'DIVERGED', step: 4 });
  });

  it('a loss that is not a number on one side only is DIVERGED', () => {
    const verdict = compare({ ...other, original: losses(4, 4), reproduced: losses(4, 'NaN') });
    expect(verdict).toMatchObject({ verdict: 'DIVERGED', step: 2, reproduced: 'NaN' });
  });

  it('is not judged when final weights are gone', () => {
    const gone = { ...other, weights: { ...other.weights, largestDifference: null } };
    expect(compare({ ...gone, original: losses(4), reproduced: losses(4) })).toMatchObject({
      verdict: 'NOT REPRODUCIBLE',
    });
  });
});
