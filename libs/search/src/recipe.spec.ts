import { sweepSpec } from '@chromatune/contracts';
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
    recipeVersion: 1,
    dataset,
    model: { encoder: 'resnet18', width: 1, imageSize: 64 },
    loss: {
      type: 'classification',
      binGridSize: 20,
      binSet: 'gamut',
      headKernel: 1,
      headResolution: 'full',
      reluBeforeSoftmax: false,
      decodeTemperature: 0.38,
    },
    optimizer: { type: 'adam', learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    batchSize: 5,
    epochs: 3,
    seed: 0,
    augmentation: { flip: true },
    samples: { images: 2, every: 1 },
  });
});

it('a recipe holds nothing that its loss does not use', () => {
  const { loss } = toRecipe(spec, { loss: 'regression' }, dataset);

  expect(loss).toEqual({ type: 'regression', outputActivation: 'linear' });
});

it('no recipe is made with a value that is not allowed', () => {
  expect(() => toRecipe(spec, { loss: 'classification', binGridSize: 3 }, dataset)).toThrow('binGridSize');
});
