import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { Declarations } from './declarations.js';
import { batchNorm, convolution, type Layer, maxPoolOfPositive, upsample } from './layers.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const training = { training: true };

describe('convolution', () => {
  // Sums of 3 x 3 windows of 0..15 in a 4 x 4 image: torch.nn.functional.conv2d(x, ones, stride, padding=1).
  test.each([
    [1, [10, 18, 24, 18, 27, 45, 54, 39, 51, 81, 90, 63, 42, 66, 72, 50]],
    [2, [10, 24, 51, 90]],
  ])('at stride %d pads on all sides as PyTorch', (stride, expected) => {
    const layer = allocated((declarations) =>
      convolution(declarations, 'conv', {
        from: 1,
        to: 1,
        kernel: 3,
        stride,
        initialWeight: (values) => values.fill(1),
      }),
    );

    expect([...layer(tf.range(0, 16).reshape([1, 4, 4, 1]), training).dataSync()]).toEqual(expected);
  });

  test('of 7 x 7 at stride 2 halves an even side', () => {
    const layer = allocated((declarations) =>
      convolution(declarations, 'conv', { from: 1, to: 3, kernel: 7, stride: 2, initialWeight: () => {} }),
    );

    expect(layer(tf.zeros([1, 32, 32, 1]), training).shape).toEqual([1, 16, 16, 3]);
  });
});

test('max pooling takes windows as PyTorch: 3 x 3 at stride 2 with one pixel of padding', () => {
  const pooled = maxPoolOfPositive(tf.range(0, 16).reshape([1, 4, 4, 1]), training);

  expect([...pooled.dataSync()]).toEqual([5, 7, 13, 15]);
});

describe('upsampling', () => {
  test('repeats each pixel four times', () => {
    const y = upsample(tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]), training);

    expect([...y.dataSync()]).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
  });

  test('has the sum of the four as its gradient, for every image of a batch', () => {
    const weights = tf.range(0, 2 * 4 * 4 * 3).reshape([2, 4, 4, 3]);
    const gradient = tf.grad((x) => tf.sum(tf.mul(upsample(x as tf.Tensor4D, training), weights)))(
      tf.zeros([2, 2, 2, 3]),
    );
    const expected = tf.tidy(() => weights.reshape([2, 2, 2, 2, 2, 3]).sum([2, 4]));

    expect([...gradient.dataSync()]).toEqual([...expected.dataSync()]);
  });
});

describe('batch norm', () => {
  test('normalises with the batch when training, and tells its mean and unbiased variance', () => {
    const layer = allocated((declarations) => batchNorm(declarations, 'bn', 1));
    const observed: number[] = [];
    const y = layer(tf.tensor4d([1, 2, 3, 6], [1, 2, 2, 1]), {
      training: true,
      observe: (mean, variance) => observed.push(mean.dataSync()[0]!, variance.dataSync()[0]!),
    });

    expect(observed[0]).toBeCloseTo(3, 6);
    expect(observed[1]).toBeCloseTo(14 / 3, 5);
    [-2, -1, 0, 3].forEach((value, index) =>
      expect(y.dataSync()[index]).toBeCloseTo(value / Math.sqrt(3.5 + 1e-5), 5),
    );
  });

  test('normalises with the moving statistics when predicting: at first, with mean 0 and variance 1', () => {
    const layer = allocated((declarations) => batchNorm(declarations, 'bn', 1));
    const y = layer(tf.tensor4d([1, 2, 3, 6], [1, 2, 2, 1]), { training: false });

    [1, 2, 3, 6].forEach((value, index) => expect(y.dataSync()[index]).toBeCloseTo(value, 3));
  });
});

function allocated(declare: (declarations: Declarations) => Layer): Layer {
  const declarations = new Declarations();
  const layer = declare(declarations);
  declarations.allocate(1);
  return layer;
}
