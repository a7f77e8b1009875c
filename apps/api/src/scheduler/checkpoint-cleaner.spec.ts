import type { Database } from '@chromatune/database';
import type { ObjectStore } from '@chromatune/storage';
import { expect, it } from 'vitest';
import { CheckpointCleaner } from './checkpoint-cleaner.js';

it('removes the old checkpoints of all runs but one whose file cannot be removed', async () => {
  const removed: string[] = [];
  const checkpoints = {
    crowdedRuns: async () => ['stuck-0', 'sound-0'],
    removable: async (runId: string) => [{ attempt: 1, step: 5, key: `${runId}/5` }],
    markRemoved: async (runId: string) => void removed.push(runId),
  };
  const remove = async (key: string) => {
    if (key === 'stuck-0/5') throw new Error('no right to');
  };
  const cleaner = new CheckpointCleaner(
    { checkpoints } as unknown as Database,
    { remove } as unknown as ObjectStore,
  );

  await expect(cleaner.removeOld()).rejects.toThrow('no right to');

  expect(removed).toEqual(['sound-0']);
});
