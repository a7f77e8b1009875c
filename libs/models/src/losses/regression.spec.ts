import { plainRegression, type RegressionRecipe } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { regressionLoss } from './regression.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const scaleOf = { linear: 110, tanh: 110, sigmoid: 255 };
const activations = ['linear', 'tanh', 'sigmoid'] as const;

describe('the Huber loss', () => {
  // torch.nn.functional.huber_loss: d² / 2 up to delta, delta (|d| - delta / 2) beyond.
  test.each([
    [0, 0],
    [4, 8],
    [-4, 8],
    [10, 50],
    [30, 250],
    [-30, 250],
  ])(
    'of %d ab units off, with a delta of 10, is PyTorch’s (in squared ab units %d)',
    (difference, expected) => {
      for (const outputActivation of activations) {
        const loss = huber(10, { outputActivation });
        const scale = scaleOf[outputActivation];
        const value = loss.value({ ab: predictionOff(difference, outputActivation) }, grey).dataSync()[0]!;

        expect(value * scale ** 2).toBeCloseTo(expected, 2);
      }
    },
  );

  test.each(activations)(
    'with %s output has the slope of the difference, cut off at delta',
    (outputActivation) => {
      const scale = scaleOf[outputActivation];
      const slopeAt = (difference: number) => {
        const loss = huber(10, { outputActivation, reduction: 'sum' });
        const slope = tf.grad((ab) => loss.value({ ab: ab as tf.Tensor4D }, grey));
        return slope(predictionOff(difference, outputActivation)).dataSync()[0]! * scale;
      };

      expect(slopeAt(4)).toBeCloseTo(4, 3);
      expect(slopeAt(-4)).toBeCloseTo(-4, 3);
      expect(slopeAt(25)).toBeCloseTo(10, 3);
      expect(slopeAt(-25)).toBeCloseTo(-10, 3);
    },
  );
});

describe.each(['mse', 'huber'] as const)('summed, the %s loss', (type) => {
  test('is that of all pixels and both components of an image, averaged over the images', () => {
    const penalty = type === 'mse' ? { type } : { type, delta: 10 };
    const value = (reduction: RegressionRecipe['reduction'], images: number) => {
      const ab = tf.tile(tf.tensor4d([0.1, 0.2, -0.3, 0.4, 0, 0, 1, -1], [1, 2, 2, 2]), [images, 1, 1, 1]);
      const truth = tf.fill([images, 2, 2, 2], 128, 'int32') as tf.Tensor4D;
      return regressionLoss({ ...plainRegression, penalty, reduction })
        .value({ ab: ab as tf.Tensor4D }, truth)
        .dataSync()[0]!;
    };

    expect(value('sum', 1)).toBeCloseTo(8 * value('mean', 1), 6);
    expect(value('sum', 5)).toBeCloseTo(value('sum', 1), 6);
  });
});

const grey = tf.fill([1, 1, 1, 2], 128, 'int32') as tf.Tensor4D;

const huber = (delta: number, options: Partial<RegressionRecipe>) =>
  regressionLoss({ ...plainRegression, penalty: { type: 'huber', delta }, ...options });

/** A prediction for a grey pixel, in target units, that is so many ab units off in a and in b. */
function predictionOff(
  difference: number,
  outputActivation: RegressionRecipe['outputActivation'],
): tf.Tensor4D {
  const offset = outputActivation === 'sigmoid' ? 128 : 0;
  return tf.fill([1, 1, 1, 2], (difference + offset) / scaleOf[outputActivation]);
}
