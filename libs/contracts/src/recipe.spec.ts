import { expect, it } from 'vitest';
import { canonicalJson, type Environment, isSameEngine, leastAsked, recipe } from './index.js';

const shared = {
  recipeVersion: 1,
  dataset: { name: 'photos', digest: 'a'.repeat(64) },
  model: { encoder: 'resnet18', width: 0.5, imageSize: 64 },
  optimizer: { type: 'adam', learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  batchSize: 16,
  epochs: 3,
  seed: 7,
  augmentation: { flip: true },
  samples: { images: 8, every: 1 },
};

it('reads a regression recipe that was stored as version 1', () => {
  const read = recipe.parse({ ...shared, loss: { type: 'regression', outputActivation: 'tanh' } });

  expect(read).toMatchObject({
    recipeVersion: 2,
    model: { encoder: 'resnet18', width: 0.5, cut: 'conv4', inputAdaptation: 'new', weights: 'none' },
    loss: { type: 'regression', outputActivation: 'tanh', penalty: { type: 'mse' }, reduction: 'mean' },
    optimizer: { type: 'adam', learningRate: 0.001, weightDecay: 0 },
    schedule: { type: 'constant' },
    augmentation: { flip: true, crop: 1 },
    seed: 7,
  });
});

it('reads a classification recipe that was stored as version 1', () => {
  const loss = {
    type: 'classification',
    binGridSize: 20,
    binSet: 'gamut',
    headKernel: 1,
    headResolution: 'quarter',
    reluBeforeSoftmax: true,
    decodeTemperature: 0.5,
  };

  expect(recipe.parse({ ...shared, loss })).toMatchObject({
    model: { cut: 'conv3' },
    loss: {
      binGridSize: 20,
      reluBeforeSoftmax: true,
      encoding: { type: 'hard' },
      rebalancing: { type: 'none' },
      decoding: { type: 'annealed-mean', temperature: 0.5 },
    },
  });
});

it('reads its own version unchanged, and refuses what it does not know', () => {
  const read = recipe.parse({ ...shared, loss: { type: 'regression', outputActivation: 'tanh' } });

  expect(recipe.parse(read)).toEqual(read);
  expect(recipe.safeParse({ ...read, recipeVersion: 3 }).success).toBe(false);
  expect(recipe.safeParse({ ...read, colour: 'red' }).success).toBe(false);
  for (const loss of [undefined, null, 'regression'])
    expect(recipe.safeParse({ ...shared, loss }).success).toBe(false);
});

it('reads values that no new sweep may ask for', () => {
  const read = recipe.parse({ ...shared, loss: { type: 'regression', outputActivation: 'tanh' } });
  const old = { ...read, optimizer: { ...read.optimizer, epsilon: leastAsked.epsilon! / 1e20 } };

  expect(recipe.parse(old)).toEqual(old);
});

it('names the weights of LPIPS or nothing, so that recipes without them keep their digest', () => {
  const read = recipe.parse({ ...shared, loss: { type: 'regression', outputActivation: 'tanh' } });
  const lpips = 'b'.repeat(64);

  expect(canonicalJson(recipe.parse(read))).not.toContain('lpips');
  expect(recipe.parse({ ...read, lpips })).toEqual({ ...read, lpips });
  expect(recipe.safeParse({ ...read, lpips: 'none' }).success).toBe(false);
});

it('tells engines apart by all that rounding depends on, and not by their sources', () => {
  const recorded: Environment = {
    engine: 'native',
    engineVersion: 'tensorflow 2.21.0',
    device: 'a processor',
    threads: 2,
    deterministic: true,
    codeVersion: 'c0de',
  };
  const others = [{ engine: 'cuda' }, { engineVersion: '2' }, { device: 'another' }, { threads: 1 }] as const;

  for (const other of others) expect(isSameEngine(recorded, { ...recorded, ...other })).toBe(false);
  expect(isSameEngine(recorded, { ...recorded, codeVersion: 'beef' })).toBe(true);
  expect(isSameEngine({ ...recorded, device: 'cpu' }, recorded)).toBe(true); // of before processors were told apart
  expect(isSameEngine(recorded, { ...recorded, device: 'cpu' })).toBe(false);
});
