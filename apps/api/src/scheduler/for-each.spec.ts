import { expect, it } from 'vitest';
import { forEach } from './for-each.js';

it('gives every item its turn, and throws the first failure afterwards', async () => {
  const done: number[] = [];

  const all = forEach([1, 2, 3, 4], async (item) => {
    if (item % 2 === 1) throw new Error(`${item} failed`);
    done.push(item);
  });

  await expect(all).rejects.toThrow('1 failed');
  expect(done).toEqual([2, 4]);
});
