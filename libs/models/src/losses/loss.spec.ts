import * as tf from '@tensorflow/tfjs';
import { type Recipe } from '@chromatune/contracts';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeBins } from '../color/bins.js';
import { makeLoss } from './loss.js';

type Classification = Extract<Recipe['loss'], { type: 'classification' }>;

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('regression', () => {
  // One grey pixel and one of a = 72, b = -108, in each convention.
  test.each([
    ['linear', [0, 0, 72 / 110, -108 / 110]],
    ['tanh', [0, 0, 72 / 110, -108 / 110]],
    ['sigmoid', [128 / 255, 128 / 255, 200 / 255, 20 / 255]],
  ] as const)('with %s output has its own target units', (outputActivation, expected) => {
    const loss = makeLoss({ loss: { type: 'regression', outputActivation } });
    const ab = Uint8Array.from({ length: 512 }, (_, index) => [128, 128, 200, 20][index % 4]!);
    const targets = loss.targets({ ab, images: 1, size: 16 });

    expect(targets.shape).toEqual([1, 16, 16, 2]);
    expected.forEach((value, index) => expect(targets.dataSync()[index]).toBeCloseTo(value, 6));
    targets.dispose();
  });

  test.each(['linear', 'tanh', 'sigmoid'] as const)(
    'with %s output decodes its targets',
    (outputActivation) => {
      const loss = makeLoss({ loss: { type: 'regression', outputActivation } });
      const ab = Uint8Array.from({ length: 512 }, (_, index) => index % 256);
      const decoded = tf.tidy(() =>
        loss.decode(loss.targets({ ab, images: 1, size: 16 }) as tf.Tensor4D).dataSync(),
      );

      decoded.forEach((value, index) => expect(value).toBeCloseTo(ab[index]! - 128, 3));
    },
  );

  test('loss is the mean over pixels and components, whatever the batch size', () => {
    const loss = makeLoss({ loss: { type: 'regression', outputActivation: 'linear' } });
    const value = (images: number) =>
      tf.tidy(() => loss.loss(tf.fill([images, 2, 2, 2], 3), tf.fill([images, 2, 2, 2], 1)).dataSync()[0]);

    expect(value(1)).toBe(4);
    expect(value(5)).toBe(4);
  });
});

describe('classification', () => {
  test('targets at full resolution are the bin of every pixel', () => {
    const bins = makeBins(10, 'gamut');
    const loss = makeLoss({ loss: classification({ headResolution: 'full' }) });
    const ab = Uint8Array.from({ length: 512 }, (_, index) => (index === 10 ? 168 : 128)); // pixel 5: a = 40
    const bin = tf.tidy(() => loss.targets({ ab, images: 1, size: 16 }).dataSync());

    expect(bin).toHaveLength(256);
    expect([bins.a[bin[5]!], bins.b[bin[5]!]]).toEqual([40, 0]);
    expect([bins.a[bin[4]!], bins.b[bin[4]!]]).toEqual([0, 0]);
  });

  test('targets at quarter resolution are every fourth pixel of every fourth row, not averaged', () => {
    const bins = makeBins(10, 'gamut');
    const loss = makeLoss({ loss: classification({}) });
    const ab = new Uint8Array(2 * 16 * 16 * 2).fill(128);
    const colorPixel = (image: number, y: number, x: number) => (ab[((image * 16 + y) * 16 + x) * 2] = 168);
    colorPixel(1, 8, 4); // seen: row 2, column 1 of the second image
    colorPixel(1, 9, 4); // between the rows
    colorPixel(0, 8, 7); // between the columns
    const targets = loss.targets({ ab, images: 2, size: 16 });

    expect(targets.shape).toEqual([2, 4, 4]);
    const colored = [...targets.dataSync()].flatMap((bin, index) => (bins.a[bin] === 40 ? [index] : []));
    expect(colored).toEqual([16 + 2 * 4 + 1]);
    targets.dispose();
  });

  test('loss is the cross entropy, mean over pixels: ln of the number of bins when nothing is known', () => {
    const loss = makeLoss({ loss: classification({ binSet: 'square' }) });
    const value = (images: number) =>
      tf.tidy(
        () => loss.loss(tf.zeros([images, 2, 2, 625]), tf.zeros([images, 2, 2], 'int32')).dataSync()[0],
      );

    expect(value(1)).toBeCloseTo(6.4378, 4);
    expect(value(3)).toBeCloseTo(6.4378, 4);
  });

  test('gradient of the loss is that of TensorFlow.js’s own cross entropy', () => {
    const loss = makeLoss({ loss: classification({ binGridSize: 40 }) });
    const logits = tf.randomNormal<tf.Rank.R4>([2, 2, 2, 23], 0, 3, 'float32', 5);
    const targets = tf.tensor([3, 0, 22, 7, 7, 1, 2, 10], [2, 2, 2], 'int32');
    const ours = tf.grad((x) => loss.loss(x as tf.Tensor4D, targets))(logits);
    const reference = tf.grad((x) =>
      tf.losses.softmaxCrossEntropy(tf.oneHot(targets.flatten().toInt(), 23), x.reshape([8, 23])),
    )(logits);

    expect(tf.max(tf.abs(tf.sub(ours, reference))).dataSync()[0]).toBeLessThan(1e-6);
  });

  test('keeps its gradient finite where the logits are far apart', () => {
    const loss = makeLoss({ loss: classification({ binGridSize: 40 }) });
    const logits = tf
      .zeros<tf.Rank.R4>([1, 1, 1, 23])
      .add(tf.oneHot([5], 23).reshape([1, 1, 1, 23]).mul(1e4));
    const { value, grad } = tf.valueAndGrad((x) => loss.loss(x as tf.Tensor4D, tf.zeros([1, 1, 1], 'int32')))(
      logits,
    );

    expect(value.dataSync()[0]).toBeCloseTo(1e4, 0);
    expect([...grad.dataSync().slice(0, 6)]).toEqual([-1, 0, 0, 0, 0, 1]);
  });

  test('decodes a certain bin to its centre', () => {
    const bins = makeBins(20, 'gamut');
    const loss = makeLoss({ loss: classification({ binGridSize: 20, headResolution: 'full' }) });
    const logits = tf.oneHot([9], bins.count).mul(100).reshape([1, 1, 1, bins.count]);
    const [a, b] = loss.decode(logits as tf.Tensor4D).dataSync();

    expect([a, b]).toEqual([bins.a[9], bins.b[9]]);
  });

  test.each([
    [0.38, [0.740506, 0.193071, 0.066423]],
    [0.1, [0.993886, 0.00601, 0.000104]],
    [1, [0.5, 0.3, 0.2]],
  ])('anneals with temperature %d as Zhang et al.', (decodeTemperature, weights) => {
    const { a, b, count } = makeBins(40, 'gamut');
    const loss = makeLoss({
      loss: classification({ binGridSize: 40, headResolution: 'full', decodeTemperature }),
    });
    const logits = tf.fill([1, 1, 1, count], -1e9).bufferSync();
    [0.5, 0.3, 0.2].forEach((probability, bin) => logits.set(Math.log(probability), 0, 0, 0, 3 * bin));
    const decoded = loss.decode(logits.toTensor() as tf.Tensor4D).dataSync();

    const mean = (of: Float32Array) => weights.reduce((sum, weight, bin) => sum + weight * of[3 * bin]!, 0);
    expect(decoded[0]).toBeCloseTo(mean(a), 3);
    expect(decoded[1]).toBeCloseTo(mean(b), 3);
  });

  test('upsamples a quarter-resolution prediction as PyTorch does (bilinear, align_corners=False)', () => {
    const bins = makeBins(40, 'gamut');
    const grey = bins.a.findIndex((a, bin) => a === 0 && bins.b[bin] === 0);
    const red = bins.a.findIndex((a, bin) => a === 40 && bins.b[bin] === 0);
    const loss = makeLoss({ loss: classification({ binGridSize: 40 }) });
    const logits = tf.oneHot([grey, red, grey, red], bins.count).mul(1000).reshape([1, 2, 2, bins.count]);
    const decoded = loss.decode(logits as tf.Tensor4D);

    expect(decoded.shape).toEqual([1, 8, 8, 2]);
    const row = Array.from({ length: 8 }, (_, x) => decoded.dataSync()[2 * x]!);
    const torch = [0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1]; // F.interpolate([0, 1], scale_factor=4, mode='bilinear')
    row.forEach((value, x) => expect(value).toBeCloseTo(40 * torch[x]!, 3));
  });
});

function classification(options: Partial<Classification>): Classification {
  return {
    type: 'classification',
    binGridSize: 10,
    binSet: 'gamut',
    headKernel: 1,
    headResolution: 'quarter',
    reluBeforeSoftmax: false,
    decodeTemperature: 0.38,
    ...options,
  };
}
