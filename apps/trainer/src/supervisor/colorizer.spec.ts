import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainRegression } from '@chromatune/contracts';
import type { ObjectStore } from '@chromatune/storage';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { makeTinyDataset, tinyRecipe } from '../testing/tiny-dataset.js';
import { Colorizer } from './colorizer.js';
import { ShardCache } from './shard-cache.js';

it('tells who waits for a photograph that the disk is full', async () => {
  const answers = new Map<string, unknown>();
  const store = {
    download: async () => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    },
    exists: async () => true,
    put: async (key: string, content: Uint8Array) =>
      void answers.set(key, JSON.parse(Buffer.from(content).toString())),
  } as unknown as ObjectStore;
  const folder = join(tmpdir(), 'chromatune-colorizer-spec');
  const colorizer = new Colorizer({
    trainerId: 'spec',
    folder,
    childEntry: 'none',
    childEnv: {},
    environment: { engine: 'portable', threads: 1 },
    store,
    cache: new ShardCache({ folder, limitBytes: 1, store }),
    log: pino({ level: 'silent' }),
  });
  const id = `1790000000000-${'a'.repeat(16)}`;

  await colorizer.colorize({
    id,
    runId: 'run-0',
    recipe: { ...tinyRecipe(makeTinyDataset()), loss: plainRegression },
    checkpoint: { key: 'k', bytes: 1, sha256: 'a'.repeat(64) },
    temperature: null,
    format: 'png',
  });

  expect(answers.get(`colorize/${id}/problem`)).toMatchObject({
    status: 500,
    message: 'The trainer cannot colour it: ENOSPC: no space left on device, write.',
    remedy: expect.stringContaining('space on its disk') as string,
  });
});
