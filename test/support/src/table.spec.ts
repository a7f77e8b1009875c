import { expect, test } from 'vitest';
import { table, threeDigits } from './table.js';

test('text stands to the left, numbers to the right, under their names', () => {
  const text = table([
    { engine: 'native', 'images/s': 123.456 },
    { engine: 'wasm', 'images/s': 7 },
  ]);

  expect(text.split('\n')).toEqual(['engine  images/s', 'native       123', 'wasm           7']);
});

test('a row may lack what another has', () => {
  const text = table([{ what: 'bare loop', ms: 10 }, { what: 'platform' }]);

  expect(text.split('\n')).toEqual(['what       ms', 'bare loop  10', 'platform']);
});

test.each([
  [0.012345, '0.0123'],
  [-1.2345, '-1.23'],
  [99.95, '100.0'],
  [123.456, '123'],
  [12345.6, '12346'],
  [25000, '25000'],
  [NaN, 'NaN'],
])('%d is written as %s', (value, text) => {
  expect(threeDigits(value)).toBe(text);
});
