import { expect, test } from 'vitest';
import { adaptInputFilters } from './input-adaptation.js';

// Two places of a filter, three channels in, two out.
const rgb = { data: Float32Array.of(1, 2, 10, 20, 100, 200, 3, 4, 30, 40, 300, 400), shape: [1, 2, 3, 2] };

test('the sum of RGB filters adds their colours', () => {
  expect(adaptInputFilters(rgb, 'sum')).toEqual({
    data: Float32Array.of(111, 222, 333, 444),
    shape: [1, 2, 1, 2],
  });
});

test('the mean of RGB filters is a third of it', () => {
  expect(adaptInputFilters(rgb, 'mean')).toEqual({
    data: Float32Array.of(37, 74, 111, 148),
    shape: [1, 2, 1, 2],
  });
});

test('replicated lightness keeps the RGB filters', () => {
  expect(adaptInputFilters(rgb, 'replicate-normalised')).toEqual(rgb);
});

test.each([
  [[2, 3, 2, 1], 12],
  [[1, 2, 3, 2], 13],
])('filters of shape %j with %d numbers are refused', (shape, numbers) => {
  expect(() => adaptInputFilters({ data: new Float32Array(numbers), shape }, 'sum')).toThrow(
    'Filters of an RGB network are [height, width, 3, to]',
  );
});
