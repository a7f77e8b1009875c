import { canonicalJson, type ParameterValues, type SweepSpec, sweepSpec } from '@chromatune/contracts';
import { stream, type Stream } from '@chromatune/random';
import { describe, expect, it } from 'vitest';
import { checkSpec, countRuns, suggest, suggestAll, toRecipe, varyingParameters } from './index.js';

describe('grid search', () => {
  it('tries every combination once, the first parameter varying slowest', () => {
    const spec = makeSpec({ batchSize: [16, 64], flip: [true, false] });

    expect(allRuns(spec)).toEqual([
      { batchSize: 16, flip: true },
      { batchSize: 16, flip: false },
      { batchSize: 64, flip: true },
      { batchSize: 64, flip: false },
    ]);
  });

  it('leaves a parameter out where its condition does not hold, and makes no run twice', () => {
    const spec = makeSpec({
      loss: ['regression', 'classification'],
      binGridSize: { values: [10, 20], when: { loss: 'classification' } },
      batchSize: [16, 64],
    });

    expect(allRuns(spec)).toEqual([
      { loss: 'regression', batchSize: 16 },
      { loss: 'regression', batchSize: 64 },
      { loss: 'classification', binGridSize: 10, batchSize: 16 },
      { loss: 'classification', binGridSize: 10, batchSize: 64 },
      { loss: 'classification', binGridSize: 20, batchSize: 16 },
      { loss: 'classification', binGridSize: 20, batchSize: 64 },
    ]);
  });

  it('knows without being told that a parameter belongs to one loss', () => {
    const spec = makeSpec({ binGridSize: [10, 20], loss: ['regression', 'classification'] });

    expect(allRuns(spec)).toEqual([
      { loss: 'regression' },
      { binGridSize: 10, loss: 'classification' },
      { binGridSize: 20, loss: 'classification' },
    ]);
  });

  it('follows conditions on conditional parameters', () => {
    const spec = makeSpec({
      loss: ['regression', 'classification'],
      binSet: ['gamut', 'square'],
      batchSize: { values: [1, 2], when: { binSet: 'square' } },
    });

    expect(allRuns(spec)).toEqual([
      { loss: 'regression' },
      { loss: 'classification', binSet: 'gamut' },
      { loss: 'classification', binSet: 'square', batchSize: 1 },
      { loss: 'classification', binSet: 'square', batchSize: 2 },
    ]);
  });

  it('spaces the values of a distribution evenly, by its scale', () => {
    const spec = makeSpec({
      learningRate: { distribution: 'logUniform', min: 1e-4, max: 1e-2, count: 3 },
      binGridSize: { distribution: 'integer', min: 10, max: 20, count: 3 },
    });

    expect(valuesOf(spec, 'learningRate')).toEqual([1e-4, 1e-3, 1e-2]);
    expect(valuesOf({ ...spec, training: { loss: 'classification' } }, 'binGridSize')).toEqual([10, 15, 20]);
  });

  it('asks for no more values than there are', () => {
    const spec = makeSpec({ imageSize: { distribution: 'integer', min: 32, max: 64, count: 50 } });

    expect(valuesOf(spec, 'imageSize')).toEqual([32, 48, 64]);
  });

  it('stops at the budget', () => {
    const spec = makeSpec({ batchSize: [1, 2, 3] }, { budget: { epochs: 1, runs: 2 } });

    expect(countRuns(spec)).toBe(2);
    expect(suggest(spec, 2)).toBeNull();
  });

  it('makes one run where nothing varies, and leaves single values out of its parameters', () => {
    const spec = makeSpec({ batchSize: 3, flip: [false] });

    expect(allRuns(spec)).toEqual([{}]);
    expect(toRecipe(spec, {}, dataset)).toMatchObject({ batchSize: 3, augmentation: { flip: false } });
  });

  it('has no run before the first', () => {
    expect(suggest(makeSpec({ batchSize: [1, 2] }), -1)).toBeNull();
    expect(suggest(makeSpec({ batchSize: [1, 2] }), 0.5)).toBeNull();
  });
});

describe('random search', () => {
  const random = { search: { method: 'random', seed: 7 }, budget: { epochs: 1, runs: 40 } };

  it('draws the same runs for the same seed, and others for another', () => {
    const space = { learningRate: { distribution: 'logUniform', min: 1e-5, max: 1e-1 }, batchSize: [16, 64] };
    const spec = makeSpec(space, random);
    const other = makeSpec(space, { ...random, search: { method: 'random', seed: 8 } });

    expect(allRuns(makeSpec(space, random))).toEqual(allRuns(spec));
    expect(allRuns(other)).not.toEqual(allRuns(spec));
  });

  it('keeps its first runs when the budget grows, in whatever order it is asked', () => {
    const space = { learningRate: { distribution: 'logUniform', min: 1e-5, max: 1e-1 } };
    const backwards = Array.from({ length: 40 }, (_, index) => suggest(makeSpec(space, random), 39 - index));
    const larger = makeSpec(space, { ...random, budget: { epochs: 9, runs: 100 } });

    expect(allRuns(larger).slice(0, 40)).toEqual(backwards.reverse());
  });

  it('keeps the values of a parameter when another is added', () => {
    const learningRate = { distribution: 'uniform', min: 1e-5, max: 1e-1 };
    const before = allRuns(makeSpec({ learningRate }, random));
    const after = allRuns(makeSpec({ batchSize: [1, 2], learningRate }, random));

    expect(after.map((run) => run['learningRate'])).toEqual(before.map((run) => run['learningRate']));
  });

  it('tries every combination of a small space once, and then has no more', () => {
    const spec = makeSpec(
      { loss: ['regression', 'classification'], binGridSize: [5, 6, 7, 8, 9], batchSize: [1, 2, 3] },
      random,
    );
    const grid = allRuns({ ...spec, search: { ...spec.search, method: 'grid' } });

    expect(countRuns(spec)).toBe(18);
    expect(inOrder(allRuns(spec))).toEqual(inOrder(grid));
    expect(allRuns(spec)).not.toEqual(grid);
    expect(suggest(spec, 18)).toBeNull();
  });

  it('covers a logarithmic range evenly by its logarithm', () => {
    const spec = makeSpec(
      { learningRate: { distribution: 'logUniform', min: 1e-4, max: 1 } },
      { search: { method: 'random' }, budget: { epochs: 1, runs: 400 } },
    );
    const decades = [0, 0, 0, 0];
    for (const { learningRate } of allRuns(spec))
      decades[Math.floor(Math.log10(Number(learningRate))) + 4]!++;

    for (const count of decades) expect(count).toBeGreaterThan(70); // 100 expected, standard deviation 8.7
  });

  it('gives the ends of a range of whole numbers their share', () => {
    const spec = makeSpec(
      {
        batchSize: { distribution: 'integer', min: 1, max: 4 },
        learningRate: { distribution: 'uniform', min: 0.1, max: 1 },
      },
      { search: { method: 'random' }, budget: { epochs: 1, runs: 400 } },
    );
    const counts = [0, 0, 0, 0];
    for (const { batchSize } of allRuns(spec)) counts[Number(batchSize) - 1]!++;

    for (const count of counts) expect(count).toBeGreaterThan(70);
  });
});

describe('whatever the space', () => {
  it.each(Array.from({ length: 60 }, (_, seed) => [seed]))(
    'all runs are different, valid and inside it (random space %i)',
    (seed) => {
      const spec = randomSpec(stream(seed, 'random space'));
      expect(checkSpec(spec)).toEqual([]);

      const runs = allRuns(spec);
      const recipes = runs.map((run) => toRecipe(spec, run, dataset)); // parses every value
      expect(runs).toHaveLength(countRuns(spec));
      expect(suggestAll(spec)).toEqual(runs);
      expect(new Set(recipes.map(canonicalJson)).size).toBe(runs.length);
      for (const run of runs) {
        expect(varyingParameters(spec)).toEqual(expect.arrayContaining(Object.keys(run)));
        expect('binGridSize' in run && run['loss'] === 'regression').toBe(false);
        for (const [name, value] of Object.entries(run)) expectInside(spec, name, value);
      }
    },
  );
});

const dataset = { name: 'photos', digest: 'a'.repeat(64) };

function makeSpec(space: object, more: object = {}): SweepSpec {
  return sweepSpec.parse({ name: 'test', dataset: 'photos', space, budget: { epochs: 1 }, ...more });
}

function allRuns(spec: SweepSpec): ParameterValues[] {
  const runs = Array.from({ length: countRuns(spec) }, (_, k) => suggest(spec, k));
  expect(runs).not.toContain(null);
  return runs as ParameterValues[];
}

const valuesOf = (spec: SweepSpec, name: string) => [
  ...new Set(
    allRuns(spec)
      .map((run) => run[name])
      .filter((value) => value !== undefined),
  ),
];

const inOrder = (runs: ParameterValues[]) => runs.map((run) => canonicalJson(run)).sort();

function expectInside(spec: SweepSpec, name: string, value: unknown) {
  const domain = spec.space[name as keyof typeof spec.space]!;
  if (Array.isArray(domain)) expect(domain).toContain(value);
  else if (typeof domain === 'object' && 'distribution' in domain) {
    expect(value).toBeGreaterThanOrEqual(domain.min);
    expect(value).toBeLessThanOrEqual(domain.max);
  }
}

/** Some parameters in some order, each with a list or a distribution, some with a condition; at most 200 runs. */
function randomSpec(random: Stream): SweepSpec {
  const method = random.integer(2) === 0 ? 'grid' : 'random';
  const counted = { count: 2 + random.integer(3) };
  const low = 10 ** -(2 + 3 * random.uniform());
  const domains: Record<string, unknown> = {
    loss: ['regression', 'classification'],
    binGridSize: { distribution: 'integer', min: 5, max: 5 + random.integer(30) + 1, ...counted },
    binSet: ['gamut', 'square'],
    outputActivation: random.shuffle(['linear', 'tanh', 'sigmoid']),
    learningRate: { distribution: 'logUniform', min: low, max: low * 7, ...counted },
    batchSize: { distribution: 'logInteger', min: 1, max: 1 + random.integer(100) + 1, ...counted },
    width: { distribution: 'uniform', min: 0.2, max: 1.3, ...counted },
    decodeTemperature: { distribution: 'uniform', min: 0.1, max: 0.4, ...counted },
    flip: { values: [true, false], when: { loss: ['regression', 'classification'] } },
  };
  const others = random.shuffle(Object.keys(domains).filter((name) => name !== 'loss'));
  const names = random.shuffle(['loss', ...others.slice(0, 1 + random.integer(5))]);
  const space = Object.fromEntries(names.map((name) => [name, domains[name]]));
  return makeSpec(space, { search: { method, seed: random.integer(1000) }, budget: { epochs: 1, runs: 60 } });
}
