import { expect, test } from 'vitest';
import { gigabytesText } from './gigabytes.js';

test.each([
  [0.55e9, '0.6 GB'],
  [5.258e9, '5.3 GB'],
  [37.6e9, '38 GB'],
  [236.4e9, '236 GB'],
])('%f bytes are %s', (bytes, text) => {
  expect(gigabytesText(bytes)).toBe(text);
});
