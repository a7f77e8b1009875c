import { temporaryFolder } from '@chromatune/test-support';
import { expect, it } from 'vitest';
import { chaos } from './chaos.js';

// The short form of `npm run chaos`: fewer kills, a smaller sweep, the same demands.
it(
  'ends every run with the numbers of an uninterrupted one, whatever is killed',
  { timeout: 600_000 },
  async () => {
    const folder = temporaryFolder('chaos');

    const report = await chaos({
      folder,
      kills: 6,
      seed: Number(process.env.CHAOS_SEED ?? 1),
      pauseMs: [1500, 4000],
      runs: 3,
      epochs: 6,
      images: 200,
      log: console.log,
    });

    const numbers = (remains: typeof report.reference) => remains.map(({ attempts: _, ...rest }) => rest);
    expect(numbers(report.interrupted)).toEqual(numbers(report.reference));
    expect(
      report.interrupted.every(({ state, faultySteps }) => state === 'completed' && faultySteps === 0),
    ).toBe(true);
    expect(Object.values(report.kills).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  },
);
