import type { Environment } from '@chromatune/contracts';
import { describe, expect, it } from 'vitest';
import type { ProbeRequest } from '../training/probe-messages.js';
import { measureCapacity } from './probe-engine.js';

describe('what a machine can train', () => {
  it('is one run a GPU, where the engine uses them', async () => {
    const capacity = await measureCapacity(
      { CHROMATUNE_ENGINE: 'auto', CHROMATUNE_THREADS: 3 },
      probe('cuda'),
      4,
    );

    expect(capacity).toMatchObject({ slots: 4, gpus: 4, environment: { engine: 'cuda', threads: 3 } });
  });

  it('goes by the cores when there are GPUs that the engine cannot use', async () => {
    const capacity = await measureCapacity({ CHROMATUNE_ENGINE: 'auto' }, probe('native'), 64);

    expect(capacity.gpus).toBe(0);
    expect(capacity.slots).toBeLessThan(64);
  });

  it('is what people say', async () => {
    const capacity = await measureCapacity(
      { CHROMATUNE_ENGINE: 'portable', TRAINER_SLOTS: 5, CHROMATUNE_THREADS: 2 },
      probe('portable'),
      0,
    );

    expect(capacity).toMatchObject({ slots: 5, environment: { threads: 2 } });
  });
});

const probe =
  (engine: Environment['engine']) =>
  async ({ threads }: ProbeRequest) => ({
    environment: {
      engine,
      engineVersion: '1',
      device: 'cpu',
      threads,
      deterministic: true,
      codeVersion: 'c',
    },
    reason: 'A spec.',
  });
