import { expect, it } from 'vitest';
import { batchText } from './batch-text.js';

it.each([
  [32, null, '32'],
  [32, 32, '32'],
  [32, 64, '32'],
  [32, 16, '32, computed 2 × 16'],
  [128, 22, '128, computed 5 × 22 + 18'],
])('says how a batch of %i is computed in micro-batches of %s', (batchSize, microBatch, text) => {
  expect(batchText(batchSize, microBatch)).toBe(text);
});
