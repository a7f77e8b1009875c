import {
  plainAdam,
  plainClassification,
  plainModel,
  plainRegression,
  plainTraining,
  sweepSpec,
} from '@chromatune/contracts';
import { expect, it } from 'vitest';
import { toRecipe } from './index.js';

const dataset = { name: 'photos', digest: 'a'.repeat(64) };
const spec = sweepSpec.parse({
  name: 'test',
  dataset: 'photos',
  model: { encoder: 'resnet18', headResolution: 'full' },
  training: { learningRate: 0.1 },
  space: { loss: ['regression', 'classification'], binGridSize: [10, 20], batchSize: 5 },
  budget: { epochs: 3 },
  samples: { images: 2 },
});

it('a recipe takes the run, then the fixed values, then the defaults', () => {
  expect(toRecipe(spec, { loss: 'classification', binGridSize: 20 }, dataset)).toEqual({
    recipeVersion: 2,
    dataset,
    model: {
      encoder: 'resnet18',
      cut: 'conv3',
      width: 1,
      imageSize: 64,
      weights: 'none',
      inputAdaptation: 'new',
      freezeThrough: 'none',
      batchNorm: 'micro',
      upsampling: 'nearest',
    },
    loss: {
      type: 'classification',
      binGridSize: 20,
      binSet: 'gamut',
      headKernel: 1,
      headResolution: 'full',
      reluBeforeSoftmax: false,
      doubleSoftmax: false,
      encoding: { type: 'hard' },
      rebalancing: { type: 'none' },
      decoding: { type: 'annealed-mean', temperature: 0.38 },
      reduction: 'mean',
    },
    optimizer: {
      type: 'adam',
      learningRate: 0.1,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0,
    },
    encoderLearningRateFactor: 1,
    schedule: { type: 'constant' },
    warmupSteps: 0,
    gradientClip: 0,
    averageDecay: 0,
    batchSize: 5,
    microBatch: 0,
    epochs: 3,
    seed: 0,
    augmentation: { flip: true, crop: 1 },
    deterministic: true,
    compile: true,
    samples: { images: 2, every: 1 },
  });
});

it('a recipe holds nothing that its loss, optimizer and schedule do not use', () => {
  const made = toRecipe(spec, { loss: 'regression', optimizer: 'sgd', schedule: 'cosine' }, dataset);

  expect(made.loss).toEqual({
    type: 'regression',
    outputActivation: 'linear',
    penalty: { type: 'mse' },
    reduction: 'mean',
  });
  expect(made.optimizer).toEqual({
    type: 'sgd',
    learningRate: 0.1,
    momentum: 0.9,
    nesterov: false,
    weightDecay: 0,
  });
  expect(made.schedule).toEqual({ type: 'cosine', floor: 0 });
});

it('the combined loss holds both, and what belongs to soft targets and rebalancing', () => {
  const values = { loss: 'combined', encoding: 'soft', rebalancing: 'paper', regressionLoss: 'huber' };

  expect(toRecipe(spec, values, dataset)).toMatchObject({
    model: { cut: 'conv4' },
    loss: {
      type: 'combined',
      regression: { type: 'regression', penalty: { type: 'huber', delta: 10 } },
      classification: {
        type: 'classification',
        encoding: { type: 'soft', neighbors: 5, sigma: 5 },
        rebalancing: { type: 'paper', lambda: 0.5, sigma: 5 },
      },
      regressionWeight: 10,
      decodeFrom: 'classification',
    },
  });
});

it('imported weights enter by the sum of their filters, unless another way is asked for', () => {
  const weights = 'b'.repeat(64);

  expect(toRecipe(spec, { weights }, dataset).model.inputAdaptation).toBe('sum');
  expect(toRecipe(spec, { weights, inputAdaptation: 'mean' }, dataset).model.inputAdaptation).toBe('mean');
});

it('weights of LPIPS stand in the recipe where a run has them', () => {
  const lpips = 'c'.repeat(64);

  expect(toRecipe(spec, { lpips }, dataset).lpips).toBe(lpips);
  expect(toRecipe(spec, { lpips: 'none' }, dataset)).toEqual(toRecipe(spec, {}, dataset));
  expect(toRecipe(spec, {}, dataset)).not.toHaveProperty('lpips');
});

it('the 313 bins of Zhang et al. have the grid size 10, whatever other sets are tried with', () => {
  const { loss } = toRecipe(spec, { loss: 'classification', binSet: 'zhang-313', binGridSize: 20 }, dataset);

  expect(loss).toMatchObject({ binSet: 'zhang-313', binGridSize: 10 });
});

it('no recipe is made with a value that is not allowed', () => {
  expect(() => toRecipe(spec, { loss: 'classification', binGridSize: 3 }, dataset)).toThrow('binGridSize');
});

it('a spec that says nothing makes the plain recipe', () => {
  const empty = sweepSpec.parse({ name: 'test', dataset: 'photos', budget: { epochs: 3 } });

  expect(toRecipe(empty, {}, dataset)).toEqual({
    recipeVersion: 2,
    dataset,
    model: plainModel,
    loss: plainRegression,
    optimizer: plainAdam,
    ...plainTraining,
    compile: true,
    epochs: 3,
    samples: { images: 8, every: 1 },
  });
  expect(toRecipe(empty, { compile: false }, dataset)).not.toHaveProperty('compile'); // as in older recipes
  expect(toRecipe(empty, { loss: 'classification' }, dataset).loss).toEqual(plainClassification);
});
