import {
  plainAdam,
  plainClassification,
  plainModel,
  plainRegression,
  plainTraining,
} from '@chromatune/contracts';
import { expect, test } from 'vitest';
import { chooseMicroBatch, correctionOf, forecastMemory } from './forecast-memory.js';

const GB = 1e9;
const recipe = {
  ...plainTraining,
  model: { ...plainModel, encoder: 'resnet152', imageSize: 224 },
  loss: plainRegression,
  optimizer: plainAdam,
  batchSize: 128,
} as const;

test('a network that broke down at batch 128 is forecast to need tens of gigabytes', () => {
  const { bytes, fixedBytes } = forecastMemory(recipe);

  expect(bytes).toBeGreaterThan(27 * GB); // its activations alone: 222 MiB an image
  expect(bytes).toBeLessThan(50 * GB);
  expect(fixedBytes).toBeLessThan(2 * GB);
});

// Peaks of `npm run bench -- memory`, which few activations explain.
test.each([
  [
    'frozen layers that all images pass through',
    { model: { encoder: 'vgg16', imageSize: 224, freezeThrough: 'conv4' }, batchSize: 24 },
    1510,
  ],
  [
    'more of them on larger batches',
    { model: { encoder: 'vgg16', imageSize: 224, freezeThrough: 'conv4' }, batchSize: 64 },
    2850,
  ],
  [
    'frozen layers with batch norm',
    { model: { encoder: 'resnet18', imageSize: 128, freezeThrough: 'conv4' }, batchSize: 96 },
    975,
  ],
  [
    'the same of larger channels',
    { model: { encoder: 'resnet50', imageSize: 128, freezeThrough: 'conv4' }, batchSize: 64 },
    971,
  ],
  [
    'many frozen weights',
    { model: { encoder: 'resnet152', imageSize: 32, cut: 'conv5', freezeThrough: 'conv5' }, batchSize: 6 },
    1200,
  ],
  [
    'soft labels of many bins',
    {
      model: { encoder: 'resnet18', width: 0.25, imageSize: 128, cut: 'conv3' },
      loss: {
        ...plainClassification,
        binGridSize: 5,
        encoding: { type: 'soft', neighbors: 32, sigma: 5 },
      },
      batchSize: 24,
    },
    1228,
  ],
  [
    'large pictures of few features',
    { model: { encoder: 'resnet18', width: 0.125, imageSize: 224, cut: 'conv2' }, batchSize: 48 },
    890,
  ],
] as const)('counts %s', (_what, { model, ...change }, megabytes) => {
  const { bytes } = forecastMemory({ ...recipe, ...change, model: { ...plainModel, ...model } });

  expect(Math.abs(bytes / (megabytes * 1e6) - 1)).toBeLessThan(0.1);
});

test('it is computed in as few pieces as fit, of one size', () => {
  const choice = chooseMicroBatch(recipe, 8 * GB);
  const { images, pieces } = choice;

  expect(choice.fits).toBe(true);
  expect(choice.bytes).toBeLessThanOrEqual(8 * GB);
  expect(images * pieces).toBeGreaterThanOrEqual(128);
  expect(images * (pieces - 1)).toBeLessThan(128);
  expect(forecastMemory(recipe, { images: Math.ceil(128 / (pieces - 1)) }).bytes).toBeGreaterThan(8 * GB);
});

test('a batch that fits is computed at once', () => {
  expect(chooseMicroBatch(recipe, 100 * GB)).toMatchObject({ images: 128, pieces: 1, fits: true });
});

test('says so when not even one image fits', () => {
  expect(chooseMicroBatch(recipe, 1 * GB)).toMatchObject({ images: 1, pieces: 128, fits: false });
});

test('what was measured corrects what is forecast for other batches', () => {
  const truth = forecastMemory(recipe, { images: 16, correction: 1.4 });
  const correction = correctionOf(recipe, 16, truth.bytes);

  expect(correction).toBeCloseTo(1.4, 2);
  expect(
    forecastMemory(recipe, { correction }).bytes / forecastMemory(recipe, { correction: 1.4 }).bytes,
  ).toBeCloseTo(1, 2);
  expect(chooseMicroBatch(recipe, 8 * GB, correction).images).toBeLessThan(
    chooseMicroBatch(recipe, 8 * GB).images,
  );
});
