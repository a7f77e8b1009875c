import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { kernels, plainKernels, setKernels } from './kernels.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => setKernels(plainKernels));

describe('an engine’s kernels', () => {
  test('take the place of the plain ones, and what they leave out stays plain', () => {
    const relu: typeof plainKernels.relu = (x) => tf.mul(tf.relu(x), 1);
    setKernels({ batchNorm: plainKernels.batchNorm, relu });

    expect(kernels().relu).toBe(relu);
    expect(kernels().subtractAt).toBe(plainKernels.subtractAt);
  });
});

describe('plain batch norm', () => {
  test('has the gradients that finite differences give', () => {
    const x = tf.tensor4d([0.5, -1, 2, 0.25, 1.5, -0.75, 3, 0.1], [2, 2, 1, 2]);
    const gamma = tf.tensor1d([1.5, -0.5]);
    const beta = tf.tensor1d([0.1, 0.2]);
    const weights = tf.tensor4d([1, -2, 0.5, 3, -1, 0.25, 2, -0.5], [2, 2, 1, 2]);
    const score = (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) =>
      plainKernels
        .batchNorm(a as tf.Tensor4D, b as tf.Tensor1D, c as tf.Tensor1D, 1e-5)
        .y.mul(weights)
        .sum() as tf.Scalar;
    const gradients = tf.grads(score)([x, gamma, beta]);

    [x, gamma, beta].forEach((input, which) => {
      for (let index = 0; index < input.size; index++) {
        const moved = (by: number) => {
          const values = input.dataSync().slice();
          values[index]! += by;
          const inputs: tf.Tensor[] = [x, gamma, beta];
          inputs[which] = tf.tensor(values, input.shape);
          return score(inputs[0]!, inputs[1]!, inputs[2]!).dataSync()[0]!;
        };
        const slope = (moved(1e-2) - moved(-1e-2)) / 2e-2;
        expect(Math.abs(gradients[which]!.dataSync()[index]! - slope)).toBeLessThan(2e-3);
      }
    });
  });

  test('tells the biased variance', () => {
    const { mean, variance } = plainKernels.batchNorm(
      tf.tensor4d([1, 2, 3, 6], [1, 2, 2, 1]),
      tf.ones([1]),
      tf.zeros([1]),
      1e-5,
    );

    expect(mean.dataSync()[0]).toBeCloseTo(3, 6);
    expect(variance.dataSync()[0]).toBeCloseTo(3.5, 5);
  });
});
