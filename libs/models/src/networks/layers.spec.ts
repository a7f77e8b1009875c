import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { plainKernels, setKernels } from '../kernels.js';
import { declare } from './declarations.js';
import { torchDefault, zeros } from './initial.js';
import { type LayerPlan } from './layer-plan.js';
import { buildLayers, type Layer, type Mode } from './layers.js';
import { convolveByFoldedFilter } from './upsampling.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const training: Mode = { training: true, statistics: 'batch' };
const predicting: Mode = { training: false, statistics: 'batch' };

describe('convolution', () => {
  // Sums of 3 x 3 windows of 0..15 in a 4 x 4 image: torch.nn.functional.conv2d(x, ones, stride, padding=1).
  test.each([
    [1, [10, 18, 24, 18, 27, 45, 54, 39, 51, 81, 90, 63, 42, 66, 72, 50]],
    [2, [10, 24, 51, 90]],
  ] as const)('at stride %d pads on all sides as PyTorch', (stride, expected) => {
    const layer = built({
      kind: 'convolution',
      name: 'conv',
      from: 1,
      to: 1,
      kernel: 3,
      stride,
      weight: (values) => values.fill(1),
    });

    expect([...layer(tf.range(0, 16).reshape([1, 4, 4, 1]), training).dataSync()]).toEqual(expected);
  });

  test('of 7 x 7 at stride 2 halves an even side', () => {
    const layer = built({
      kind: 'convolution',
      name: 'conv',
      from: 1,
      to: 3,
      kernel: 7,
      stride: 2,
      weight: zeros,
    });

    expect(layer(tf.zeros([1, 32, 32, 1]), training).shape).toEqual([1, 16, 16, 3]);
  });
});

describe('max pooling takes windows as PyTorch', () => {
  test.each([
    [3, [5, 7, 13, 15]], // with one pixel of padding
    [2, [5, 7, 13, 15]],
  ] as const)('%d x %d at stride 2 of an even side', (window, expected) => {
    const pool = built({ kind: 'max pool', name: 'pool', window });

    expect([...pool(tf.range(0, 16).reshape([1, 4, 4, 1]), training).dataSync()]).toEqual(expected);
  });

  test.each([
    [3, 3],
    [2, 2],
  ] as const)('%d x %d at stride 2 of an odd side', (window, side) => {
    const pool = built({ kind: 'max pool', name: 'pool', window });

    expect(pool(tf.zeros([1, 5, 5, 1]), training).shape).toEqual([1, side, side, 1]);
  });
});

describe('nearest upsampling', () => {
  const upsample = built({ kind: 'nearest upsampling', name: 'up' });

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

describe('a convolution after a nearest upsampling, which it does itself,', () => {
  const upsampling: LayerPlan = { kind: 'nearest upsampling', name: 'up' };
  const convolution = (kernel: number): LayerPlan & { kind: 'convolution' } => {
    const initial = torchDefault(kernel ** 2 * 3);
    return {
      kind: 'convolution',
      name: 'conv',
      from: 3,
      to: 2,
      kernel,
      stride: 1,
      weight: initial,
      bias: initial,
    };
  };
  afterEach(() => setKernels(plainKernels));

  test.each([
    ['of 1 x 1', 1, plainKernels],
    ['of 3 x 3', 3, plainKernels],
    ['of 3 x 3 with a folded filter', 3, { ...plainKernels, convolveUpsampled: convolveByFoldedFilter }],
  ] as const)('%s has the values and gradients of the two', (_, kernel, engineKernels) => {
    setKernels(engineKernels);
    const both = builtAll([upsampling, convolution(kernel)]);
    const [upsample, convolve] = [builtAll([upsampling]), builtAll([convolution(kernel)])];
    const x = tf.randomNormal<tf.Rank.R4>([2, 4, 3, 3], 0, 1, 'float32', 1);
    const weights = tf.randomNormal([2, 8, 6, 2], 0, 1, 'float32', 2);
    const ask = (variables: tf.Variable[], forward: (input: tf.Tensor4D) => tf.Tensor4D) => {
      const score = (input: tf.Tensor) => tf.sum<tf.Scalar>(tf.mul(forward(input as tf.Tensor4D), weights));
      const slopes = tf.variableGrads(() => score(x), variables).grads;
      const ofWeights = Object.values(slopes).flatMap((slope) => [...slope.dataSync()]);
      return [...forward(x).dataSync(), ...tf.grad(score)(x).dataSync(), ...ofWeights];
    };

    const one = ask(both.variables, (input) => both.layer(input, training));
    const two = ask(convolve.variables, (input) => convolve.layer(upsample.layer(input, training), training));

    expect(one.length).toBe(2 * 8 * 6 * 2 + 2 * 4 * 3 * 3 + kernel ** 2 * 3 * 2 + 2);
    one.forEach((value, index) => expect(value).toBeCloseTo(two[index]!, 4));
  });
});

describe('bilinear upsampling', () => {
  const upsample = built({ kind: 'bilinear upsampling', name: 'up' });

  test('lies where PyTorch puts it with align_corners=False', () => {
    const row = upsample(tf.tensor4d([0, 1, 2, 3], [1, 1, 4, 1]), training);
    const y = upsample(tf.tensor4d([0, 4, 8, 12], [1, 2, 2, 1]), training);

    expect([...row.dataSync()].slice(0, 8)).toEqual([0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]);
    expect([...y.dataSync()]).toEqual([0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12]);
  });

  test('has a gradient that agrees with finite differences everywhere, also where the image is not square', () => {
    expectLinearGradient(upsample, [2, 2, 3, 2]);
    expectLinearGradient(upsample, [1, 1, 4, 1]);
  });
});

describe('a transposed convolution', () => {
  test('doubles the side as nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1)', () => {
    const plan: LayerPlan = {
      kind: 'transposed convolution',
      name: 'up',
      channels: 1,
      bias: (values) => values.fill(0.5),
    };
    const layer = built(plan, { 'up/weight': [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] });
    const y = layer(tf.tensor4d([1, 2], [1, 1, 2, 1]), training);

    // y[i, j] = 0.5 + sum of x[k, l] * w[i - 2k + 1, j - 2l + 1], worked out by hand.
    expect(y.shape).toEqual([1, 2, 4, 1]);
    expect([...y.dataSync()]).toEqual([5.5, 14.5, 17.5, 12.5, 9.5, 26.5, 29.5, 20.5]);
  });

  test('has a gradient that agrees with finite differences everywhere', () => {
    const layer = built({ kind: 'transposed convolution', name: 'up', channels: 2, bias: zeros });

    expectLinearGradient(layer, [2, 2, 3, 2]);
  });
});

describe('batch norm', () => {
  const plan: LayerPlan = { kind: 'batch norm', name: 'bn', channels: 1 };

  test('normalises with the batch when training, and tells its mean and unbiased variance', () => {
    const observed: number[] = [];
    const y = built(plan)(tf.tensor4d([1, 2, 3, 6], [1, 2, 2, 1]), {
      ...training,
      observe: (mean, variance) => observed.push(mean.dataSync()[0]!, variance.dataSync()[0]!),
    });

    expect(observed[0]).toBeCloseTo(3, 6);
    expect(observed[1]).toBeCloseTo(14 / 3, 5);
    [-2, -1, 0, 3].forEach((value, index) =>
      expect(y.dataSync()[index]).toBeCloseTo(value / Math.sqrt(3.5 + 1e-5), 5),
    );
  });

  test('tells of a single value that it does not vary', () => {
    const observed: number[] = [];
    built(plan)(tf.tensor4d([3], [1, 1, 1, 1]), {
      ...training,
      observe: (mean, variance) => observed.push(mean.dataSync()[0]!, variance.dataSync()[0]!),
    });

    expect(observed).toEqual([3, 0]);
  });

  test('normalises with the moving statistics when predicting: at first, with mean 0 and variance 1', () => {
    const y = built(plan)(tf.tensor4d([1, 2, 3, 6], [1, 2, 2, 1]), predicting);

    [1, 2, 3, 6].forEach((value, index) => expect(y.dataSync()[index]).toBeCloseTo(value, 3));
  });

  test('normalises with the moving statistics in training too when frozen, tells nothing, and still learns', () => {
    const numbers = { 'bn/weight': [2], 'bn/bias': [0.5], 'bn/running_mean': [1], 'bn/running_var': [4] };
    const layer = built(plan, numbers);
    const x = tf.tensor4d([1, 2, 3, 6], [1, 2, 2, 1]);
    const frozen: Mode = {
      training: true,
      statistics: 'moving',
      observe: () => expect.unreachable('nothing moves'),
    };

    const y = layer(x, frozen).dataSync();
    layer(x, predicting)
      .dataSync()
      .forEach((value, index) => expect(y[index]).toBeCloseTo(value, 5));
    const slope = tf
      .grad((input) => tf.sum(layer(input as tf.Tensor4D, frozen)))(x)
      .dataSync();
    slope.forEach((value) => expect(value).toBeCloseTo(1, 4)); // gamma / √variance
  });
});

test('normalises lightness three times as ImageNet’s R, G and B', () => {
  const layer = built({ kind: 'normalise input', name: 'input' });
  const [black, white] = tf.unstack(layer(tf.tensor4d([-0.5, 0.5], [1, 1, 2, 1]), training).reshape([2, 3]));

  // torchvision.transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)) of 0 and 1
  const expected = [
    [-2.117904, -2.035714, -1.804444],
    [2.248908, 2.428571, 2.64],
  ];
  [black!, white!].forEach((pixel, row) =>
    pixel.dataSync().forEach((value, index) => expect(value).toBeCloseTo(expected[row]![index]!, 5)),
  );
});

/** Layers, one after the other, and their parameters. */
function builtAll(plans: LayerPlan[]): { layer: Layer; variables: tf.Variable[] } {
  const declarations = declare(plans, 1);
  const variables = declarations.parameters.map(({ variable }) => variable);
  return { layer: buildLayers(plans, declarations), variables };
}

function built(plan: LayerPlan, numbers: Record<string, number[]> = {}): Layer {
  const declarations = declare([plan], 1);
  for (const { name, variable } of [...declarations.parameters, ...declarations.statistics]) {
    if (numbers[name]) variable.assign(tf.tensor(numbers[name], variable.shape));
  }
  return buildLayers([plan], declarations);
}

/** For a layer that is linear: the gradient in each input is what the weighted output gains by one more of it. */
function expectLinearGradient(layer: Layer, shape: [number, number, number, number]): void {
  const x = tf.randomNormal<tf.Rank.R4>(shape, 0, 1, 'float32', 1);
  const [images, height, width, channels] = shape;
  const weights = tf.randomNormal([images, 2 * height, 2 * width, channels], 0, 1, 'float32', 2);
  const weighted = (input: tf.Tensor) => tf.sum(tf.mul(layer(input as tf.Tensor4D, training), weights));
  const gradient = tf.grad(weighted)(x).dataSync();
  const before = weighted(x).dataSync()[0]!;

  gradient.forEach((slope, index) => {
    const more = x.dataSync().slice();
    more[index]! += 1;
    expect(slope).toBeCloseTo(weighted(tf.tensor4d(more, shape)).dataSync()[0]! - before, 4);
  });
}
