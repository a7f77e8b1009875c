import { describe, expect, test } from 'vitest';
import { leastDoubleSoftmax } from './double-softmax.js';

describe('the least loss of a double softmax', () => {
  test.each([
    [625, 5.4405],
    [313, 4.7517],
  ])('of one of %d bins is ln(1 + (Q - 1) / e)', (bins, floor) => {
    expect(leastDoubleSoftmax([1], bins)).toBeCloseTo(Math.log(1 + (bins - 1) / Math.E), 12);
    expect(leastDoubleSoftmax([1], bins)).toBeCloseTo(floor, 4);
  });

  test('of a uniform label is that of a uniform prediction', () => {
    expect(leastDoubleSoftmax(Array<number>(313).fill(1 / 313), 313)).toBeCloseTo(Math.log(313), 9);
  });

  test.each([
    [[0.5, 0.3, 0.2]],
    [[0.5, 0.5, 0]],
    [[0.45, 0.45, 0.1]],
    [[0.34, 0.33, 0.33]],
    [[0.9, 0.06, 0.04]],
  ])('of the label %j is the best of all distributions over three bins', (label) => {
    const best = bestOfGrid(label);
    const least = leastDoubleSoftmax(label, 3);

    expect(least).toBeLessThan(best + 1e-9);
    expect(least).toBeGreaterThan(best - 1e-4); // the grid is coarse
  });

  test('does not depend on bins of weight 0 being listed, nor on their order', () => {
    const weights = [0.3, 0.28, 0.22, 0.2];

    expect(leastDoubleSoftmax([0, 0.22, 0, 0.3, 0.2, 0.28, 0], 7)).toBeCloseTo(
      leastDoubleSoftmax(weights, 7),
      12,
    );
  });
});

function bestOfGrid(label: number[]): number {
  let best = Infinity;
  const steps = 400;
  for (let i = 0; i <= steps; i++) {
    for (let j = 0; i + j <= steps; j++) {
      const p = [i / steps, j / steps, (steps - i - j) / steps];
      const sum = p.reduce((total, value) => total + Math.exp(value), 0);
      best = Math.min(best, Math.log(sum) - p.reduce((total, value, bin) => total + value * label[bin]!, 0));
    }
  }
  return best;
}
