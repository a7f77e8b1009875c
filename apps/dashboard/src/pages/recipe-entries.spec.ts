import {
  parameterNames,
  plainAdam,
  plainClassification,
  plainModel,
  plainRegression,
  plainTraining,
  type Recipe,
} from '@chromatune/contracts';
import { expect, it } from 'vitest';
import { differingEntries, recipeEntries } from './recipe-entries.js';

const recipe: Recipe = {
  ...plainTraining,
  recipeVersion: 2,
  dataset: { name: 'photos', digest: 'a'.repeat(64) },
  model: plainModel,
  loss: {
    type: 'combined',
    regression: { ...plainRegression, penalty: { type: 'huber', delta: 10 } },
    classification: {
      ...plainClassification,
      encoding: { type: 'soft', neighbors: 5, sigma: 5 },
      rebalancing: { type: 'paper', lambda: 0.5, sigma: 5 },
    },
    regressionWeight: 10,
    decodeFrom: 'classification',
  },
  optimizer: plainAdam,
  schedule: { type: 'cosine', floor: 0.1 },
  epochs: 3,
  samples: { images: 8, every: 1 },
};

it('names what is in a recipe as a sweep file does, so that what varies is found', () => {
  const entries = recipeEntries(recipe);

  const known: string[] = [...parameterNames, 'epochs'];
  expect(entries.map(({ name }) => name).filter((name) => !known.includes(name))).toEqual([]);
  expect(Object.fromEntries(entries.map(({ name, value }) => [name, value]))).toMatchObject({
    loss: 'combined',
    regressionLoss: 'huber',
    huberDelta: 10,
    encoding: 'soft',
    softNeighbors: 5,
    rebalancing: 'paper',
    decodeTemperature: 0.38,
    scheduleFloor: 0.1,
    crop: 1,
    lpips: 'none',
  });
});

it('leaves out what means nothing in it', () => {
  const names = recipeEntries({ ...recipe, loss: plainRegression, schedule: { type: 'constant' } }).map(
    ({ name }) => name,
  );

  for (const name of ['binGridSize', 'huberDelta', 'decodeFrom', 'scheduleFloor', 'momentum'] as const) {
    expect(names).not.toContain(name);
  }
});

it('finds what differs among recipes of different sweeps, as their losses', () => {
  const plain: Recipe = { ...recipe, loss: plainRegression };

  expect(differingEntries([plain, { ...plain, loss: plainClassification, seed: 5 }, plain])).toEqual([
    expect.objectContaining({ loss: 'regression', regressionLoss: 'mse', seed: 0 }),
    expect.objectContaining({ loss: 'classification', binSet: plainClassification.binSet, seed: 5 }),
    expect.objectContaining({ loss: 'regression', regressionLoss: 'mse', seed: 0 }),
  ]);
  expect(differingEntries([plain, { ...plain, seed: 5 }])).toEqual([{ seed: 0 }, { seed: 5 }]);
  expect(differingEntries([plain])).toEqual([{}]);
});
