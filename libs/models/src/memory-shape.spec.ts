import { plainAdam, plainModel, plainRegression, plainTraining } from '@chromatune/contracts';
import { expect, test } from 'vitest';
import { memoryShape } from './memory-shape.js';

const recipe = { ...plainTraining, model: plainModel, loss: plainRegression, optimizer: plainAdam };
const environment = { engineVersion: 'tensorflow 2.21.0', device: 'a processor' };
const shape = memoryShape(recipe, environment);

test('batch size, learning rate and imported weights leave the shape as it is', () => {
  const model = { ...plainModel, weights: 'a'.repeat(64) };
  const optimizer = { ...plainAdam, learningRate: 0.5 };

  expect(memoryShape({ ...recipe, model, optimizer, batchSize: 99 }, environment)).toBe(shape);
});

test('another network, image size, optimizer, average or device is another shape', () => {
  const sgd = { type: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: false, weightDecay: 0 } as const;
  const others = [
    memoryShape({ ...recipe, model: { ...plainModel, encoder: 'vgg16' } }, environment),
    memoryShape({ ...recipe, model: { ...plainModel, imageSize: 32 } }, environment),
    memoryShape({ ...recipe, optimizer: sgd }, environment),
    memoryShape({ ...recipe, averageDecay: 0.9 }, environment),
    memoryShape(recipe, { ...environment, device: 'NVIDIA H200' }),
  ];

  expect(new Set([shape, ...others]).size).toBe(6);
});
