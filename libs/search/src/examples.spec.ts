import type { Recipe } from '@chromatune/contracts';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { countRuns, planSweep, readSpec, suggest, sweepSpecJsonSchema, toRecipe } from './index.js';

const folder = new URL('../../../examples/', import.meta.url);
const filesIn = (path: string) =>
  readdirSync(new URL(path, folder))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => path + name);
const large = filesIn('./').filter((file) => !file.includes('first-sweep'));
const small = filesIn('./small/');
const all = [...filesIn('./'), ...small];

describe('the examples', () => {
  it.each(all)('%s can be launched, and every run of it has a recipe', (file) => {
    const { problems, runs } = planSweep(readExample(file));

    expect(problems).toEqual([]);
    expect(recipesOf(file)).toHaveLength(runs);
  });

  it.each(all)('%s ranks its runs by a metric that does not depend on their loss', (file) => {
    expect(readSpec(readExample(file)).spec!.objective.metric).not.toBe('validation/loss');
  });

  it('have the schema beside them by which editors complete and check them (vitest -u writes it)', async () => {
    const schema = `${JSON.stringify(sweepSpecJsonSchema(), null, 2)}\n`;

    await expect(schema).toMatchFileSnapshot('../../../examples/sweep.schema.json');
    for (const file of all) {
      const [, path] = /^# yaml-language-server: \$schema=(.*)$/m.exec(readExample(file))!;
      expect(existsSync(new URL(path!, new URL(file, folder)))).toBe(true);
    }
  });

  it.each(large)('%s has a small variant', (file) => {
    expect(small).toContain(file.replace('./', './small/'));
  });

  it.each(small)('%s is small: a few narrow networks on a few small photographs', (file) => {
    const recipes = recipesOf(file);

    expect(readSpec(readExample(file)).spec!.dataset).toBe('first-photos');
    expect(recipes.length).toBeLessThanOrEqual(4);
    for (const { model, epochs } of recipes) {
      expect(model.width).toBeLessThanOrEqual(0.5);
      expect(model.imageSize).toBeLessThanOrEqual(64);
      expect(epochs).toBeLessThanOrEqual(10);
    }
  });

  it.each(small)('%s asks what its large one asks', (file) => {
    const [asked, ofLarge] = [questionOf(file), questionOf(file.replace('small/', ''))];

    expect(asked.objective).toEqual(ofLarge.objective);
    expect(asked.losses).toEqual(ofLarge.losses);
    // a table of the report is one run; its small one tries another choice beside it
    if (ofLarge.varying.length > 0) expect(ofLarge.varying).toEqual(expect.arrayContaining(asked.varying));
  });
});

describe('the first sweep', () => {
  it('compares both losses and both grids in six runs', () => {
    const { runs, preview } = planSweep(readExample('./first-sweep.yaml'));

    expect(runs).toBe(6);
    expect(new Set(preview.map(({ loss }) => loss))).toEqual(new Set(['regression', 'classification']));
    expect(new Set(preview.map(({ binGridSize }) => binGridSize))).toEqual(new Set([undefined, 10, 20]));
  });
});

describe('the report to the letter', () => {
  it('is table 1: squared error of a sigmoid, at conv4 of ResNet-34, 128 images at 1e-4', () => {
    expect(recipesOf('./table-1-regression.yaml')).toMatchObject([
      {
        model: { encoder: 'resnet34', cut: 'conv4', width: 1, imageSize: 224, upsampling: 'nearest' },
        loss: {
          type: 'regression',
          outputActivation: 'sigmoid',
          penalty: { type: 'mse' },
          reduction: 'mean',
        },
        optimizer: { type: 'adam', learningRate: 1e-4, weightDecay: 0 },
        schedule: { type: 'constant' },
        batchSize: 128,
        augmentation: { flip: false, crop: 1 },
      },
    ]);
  });

  it('is table 2: summed cross entropy of 625 literal cells at every pixel, of which 3 images fit at once', () => {
    expect(recipesOf('./table-2-classification.yaml')).toMatchObject([
      {
        model: { encoder: 'resnet34', cut: 'conv3', width: 1, imageSize: 224, upsampling: 'nearest' },
        loss: {
          type: 'classification',
          headKernel: 3,
          headResolution: 'full',
          reluBeforeSoftmax: true,
          binSet: 'corner',
          binGridSize: 10,
          encoding: { type: 'hard' },
          rebalancing: { type: 'none' },
          doubleSoftmax: false,
          decoding: { type: 'argmax' },
          reduction: 'sum',
        },
        optimizer: { type: 'adam', learningRate: 1e-4, weightDecay: 0 },
        schedule: { type: 'constant' },
        batchSize: 3,
        augmentation: { flip: false, crop: 1 },
      },
    ]);
  });
});

describe('the report’s future work', () => {
  it('is soft labels over the 313 bins with each kind of weights, as in the paper', () => {
    const losses = recipesOf('./zhang-2016.yaml').map(({ loss }) => loss);

    for (const loss of losses) {
      expect(loss).toMatchObject({
        type: 'classification',
        binSet: 'zhang-313',
        headResolution: 'quarter',
        encoding: { type: 'soft', neighbors: 5, sigma: 5 },
        decoding: { type: 'annealed-mean', temperature: 0.38 },
      });
    }
    expect(losses.map((loss) => loss.type === 'classification' && loss.rebalancing)).toEqual([
      { type: 'none' },
      { type: 'paper', lambda: 0.5, sigma: 5 },
      { type: 'released-code', lambda: 0.5, sigma: 5 },
    ]);
  });

  it('is three encoders at the report’s batch, in as many micro-batches as they need', () => {
    const recipes = recipesOf('./which-encoder.yaml');

    expect(recipes.map(({ model }) => model.encoder)).toEqual(['resnet34', 'resnet152', 'vgg16']);
    for (const recipe of recipes) expect(recipe).toMatchObject({ batchSize: 128, microBatch: 0 });
  });

  it('is five sets of bins, one of them at four sizes', () => {
    const bins = recipesOf('./which-grid.yaml').map(
      ({ loss }) => loss.type === 'classification' && [loss.binSet, loss.binGridSize],
    );

    expect(bins).toEqual([
      ...[5, 10, 20, 40].map((size) => ['gamut', size]),
      ...['zhang-313', 'square', 'full', 'corner'].map((set) => [set, 10]),
    ]);
  });

  it('is both losses on one encoder against each alone, cut at the same stage', () => {
    const recipes = recipesOf('./combined-loss.yaml');

    expect(new Set(recipes.map(({ model }) => model.cut))).toEqual(new Set(['conv4']));
    expect(
      recipes.map(({ loss }) =>
        loss.type === 'combined' ? [loss.type, loss.regressionWeight, loss.decodeFrom] : [loss.type],
      ),
    ).toEqual([
      ['regression'],
      ['classification'],
      ['combined', 10, 'classification'],
      ['combined', 100, 'classification'],
      ['combined', 100, 'regression'],
      ['combined', 1000, 'classification'],
    ]);
  });

  it('is every batch size with every learning rate', () => {
    const pairs = recipesOf('./batch-size-and-rate.yaml').map(({ batchSize, optimizer }) => [
      batchSize,
      optimizer.learningRate,
    ]);

    expect(pairs).toEqual([8, 32, 128].flatMap((batch) => [1e-4, 4e-4, 1.6e-3].map((rate) => [batch, rate])));
  });
});

const readExample = (file: string) => readFileSync(new URL(file, folder), 'utf8');

function recipesOf(file: string): Recipe[] {
  const spec = readSpec(readExample(file)).spec!;
  return Array.from({ length: countRuns(spec) }, (_, k) =>
    toRecipe(spec, suggest(spec, k)!, { name: 'photos', digest: 'a'.repeat(64) }),
  );
}

function questionOf(file: string) {
  const { objective } = readSpec(readExample(file)).spec!;
  const losses = [...new Set(recipesOf(file).map(({ loss }) => loss.type))];
  return { objective, losses, varying: planSweep(readExample(file)).varying };
}
