import { expect, test } from 'vitest';
import { median, middleMean, quantile } from './numbers.js';

test('the median is the middle number, whatever their order', () => {
  expect(median([30, 1, 2])).toBe(2);
});

test('the median of an even count lies between the middle two', () => {
  expect(median([10, 1, 2, 4])).toBe(3);
});

test('the mean of the middle half leaves out a quarter at both ends', () => {
  expect(middleMean([1000, 4, 3, 5, 4, 6, -70, 2])).toBe(4);
  expect(middleMean([1, 2, 6])).toBe(3);
});

test('nothing has no median, no mean and no quantile', () => {
  expect(median([])).toBeNaN();
  expect(middleMean([])).toBeNaN();
  expect(quantile([], 0.95)).toBeNaN();
});

test('the 95 % quantile of 1 to 100 is 95, of few numbers their largest', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  expect(quantile(hundred, 0.95)).toBe(95);
  expect(quantile([3, 1, 2], 0.95)).toBe(3);
  expect(quantile([3, 1, 2], 0)).toBe(1);
});

test('the numbers themselves are left in their order', () => {
  const numbers = [3, 1, 2];

  median(numbers);
  quantile(numbers, 0.5);

  expect(numbers).toEqual([3, 1, 2]);
});
