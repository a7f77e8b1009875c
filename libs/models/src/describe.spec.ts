import { plainAdam, plainModel, plainRegression, plainTraining } from '@chromatune/contracts';
import { expect, test, vi } from 'vitest';

vi.mock('@tensorflow/tfjs', () => {
  throw new Error('TensorFlow.js was loaded.');
});

test('a network is described without TensorFlow.js', async () => {
  const { describeNetwork } = await import('./describe.js');
  const recipe = { ...plainTraining, optimizer: plainAdam, model: plainModel, loss: plainRegression };

  expect(describeNetwork(recipe).parameters).toBe(8_552_354);
  await expect(import('./networks/network.js')).rejects.toThrow(); // which needs it: the guard works
});
