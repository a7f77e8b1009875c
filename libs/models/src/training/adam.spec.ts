import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { adamUpdate } from './adam.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

test.each([1e-8, 0.1])(
  'twenty steps with epsilon %d are those of PyTorch’s formulas in double precision',
  (epsilon) => {
    const options = { learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon };
    const expected = { w: [1, -2, 0.5], m: [0, 0, 0], v: [0, 0, 0] };
    let actual = {
      weights: tf.tensor1d(expected.w),
      m: tf.zeros<tf.Rank.R1>([3]),
      v: tf.zeros<tf.Rank.R1>([3]),
    };

    for (let step = 1; step <= 20; step++) {
      const gradient = [Math.sin(step), 1e-3 * Math.cos(step), 100 / step];
      actual = adamUpdate(actual, tf.tensor1d(gradient), step, options);
      torchAdam(expected, gradient, step, options);
    }

    actual.weights.dataSync().forEach((value, index) => {
      expect(Math.abs(value / expected.w[index]! - 1)).toBeLessThan(1e-6);
    });
  },
);

/** As torch/optim/adam.py (_single_tensor_adam) writes it. */
function torchAdam(
  state: { w: number[]; m: number[]; v: number[] },
  gradient: number[],
  step: number,
  { learningRate, beta1, beta2, epsilon }: Parameters<typeof adamUpdate>[3],
): void {
  gradient.forEach((g, i) => {
    state.m[i]! += (g - state.m[i]!) * (1 - beta1);
    state.v[i] = state.v[i]! * beta2 + g * g * (1 - beta2);
    const denominator = Math.sqrt(state.v[i]!) / Math.sqrt(1 - beta2 ** step) + epsilon;
    state.w[i]! -= ((learningRate / (1 - beta1 ** step)) * state.m[i]!) / denominator;
  });
}
