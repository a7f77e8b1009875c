import type { Sweep } from '@chromatune/contracts';
import { countRuns, readSpec, varyingParameters } from '@chromatune/search';
import { describe, expect, it } from 'vitest';
import { nextRuns } from './run-maker.js';

function sweepOf(parallel: number): Sweep {
  const { spec } = readSpec(
    `{ name: s, dataset: photos, space: { batchSize: [8, 16, 32], learningRate: [0.001, 0.01] }, search: { parallel: ${parallel} }, budget: { epochs: 2 } }`,
  );
  return {
    id: 's7k3m9q2',
    name: 's',
    state: 'running',
    spec: spec!,
    dataset: { name: 'photos', digest: 'd'.repeat(64) },
    varying: varyingParameters(spec!),
    plannedRuns: countRuns(spec!),
    runsByState: {},
    best: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    endedAt: null,
  };
}

describe('the next runs of a sweep', () => {
  it('are as many as may be active at once', () => {
    expect(nextRuns(sweepOf(2), 0, 0).map(({ id }) => id)).toEqual(['s7k3m9q2-0', 's7k3m9q2-1']);
    expect(nextRuns(sweepOf(2), 2, 1).map(({ id }) => id)).toEqual(['s7k3m9q2-2']);
    expect(nextRuns(sweepOf(2), 3, 2)).toEqual([]);
  });

  it('end with the last planned run', () => {
    expect(nextRuns(sweepOf(256), 4, 0).map(({ index }) => index)).toEqual([4, 5]);
    expect(nextRuns(sweepOf(256), 6, 0)).toEqual([]);
  });

  it('are the same whenever they are asked for, and no two are alike', () => {
    const all = nextRuns(sweepOf(256), 0, 0);
    expect(nextRuns(sweepOf(2), 3, 1)[0]).toEqual(all[3]);
    expect(new Set(all.map(({ recipe }) => JSON.stringify(recipe))).size).toBe(6);
  });

  it('carry a recipe of the sweep’s dataset version and a label of what varies', () => {
    const [run] = nextRuns(sweepOf(1), 0, 0);
    expect(run).toMatchObject({
      parameters: { batchSize: 8, learningRate: 0.001 },
      recipe: { dataset: { digest: 'd'.repeat(64) }, batchSize: 8, epochs: 2 },
    });
    expect(run?.label).toContain('8');
  });
});
