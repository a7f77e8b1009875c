import { expect, it } from 'vitest';
import { runLabel } from './index.js';

it('a label names what varies, in order, short', () => {
  const values = { loss: 'classification', binGridSize: 10, learningRate: 3.2e-4, batchSize: 16 };

  expect(runLabel(values)).toBe('classification · grid 10 · lr 3.2e-4 · batch 16');
});

it.each([
  [{ learningRate: 0.0012345 }, 'lr 1.23e-3'],
  [{ learningRate: 0.01 }, 'lr 0.01'],
  [{ learningRate: 1e-4 }, 'lr 1e-4'],
  [{ beta2: 0.99999 }, 'beta2 0.99999'],
  [{ width: 0.125, imageSize: 64, encoder: 'resnet18' }, 'width 0.125 · 64 px · resnet18'],
  [{ flip: false, reluBeforeSoftmax: true }, 'no flip · ReLU'],
  [{ lpips: 'ab'.repeat(32) }, 'LPIPS abababab'],
  [{ lpips: 'none' }, 'no LPIPS'],
  [{ batchSize: 1024, seed: 0 }, 'batch 1024 · seed 0'],
  [{}, 'single run'],
])('%o is "%s"', (values, label) => {
  expect(runLabel(values)).toBe(label);
});
