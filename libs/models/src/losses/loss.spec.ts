import * as tf from '@tensorflow/tfjs';
import {
  type ClassificationRecipe,
  type LossRecipe,
  plainClassification,
  plainRegression,
} from '@chromatune/contracts';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeBins } from '../color/bins.js';
import { makeLoss } from './loss.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('regression', () => {
  // One grey pixel and one of a = 72, b = -108, in each convention.
  test.each([
    ['linear', [0, 0, 72 / 110, -108 / 110]],
    ['tanh', [0, 0, 72 / 110, -108 / 110]],
    ['sigmoid', [128 / 255, 128 / 255, 200 / 255, 20 / 255]],
  ] as const)('with %s output has its own target units', (outputActivation, target) => {
    const loss = lossOf({ ...plainRegression, outputActivation });
    const truth = tf.tensor4d([128, 128, 200, 20], [1, 1, 2, 2], 'int32');
    const ab = tf.tensor4d([...target], [1, 1, 2, 2]);

    expect(loss.value({ ab }, truth).dataSync()[0]).toBeCloseTo(0, 10);
    const decoded = loss.decode({ ab }).dataSync();
    [0, 0, 72, -108].forEach((value, index) => expect(decoded[index]).toBeCloseTo(value, 4));
  });

  test('loss is the mean over pixels and components, whatever the batch size', () => {
    const loss = lossOf(plainRegression);
    const value = (images: number) =>
      loss
        .value({ ab: tf.fill([images, 2, 2, 2], 2) }, tf.fill([images, 2, 2, 2], 128, 'int32'))
        .dataSync()[0];

    expect(value(1)).toBe(4);
    expect(value(5)).toBe(4);
  });
});

describe('classification', () => {
  test('at full resolution wants the bin of every pixel', () => {
    const bins = makeBins(10, 'gamut');
    const loss = lossOf(classification({ headResolution: 'full' }));
    const truth = tf.tensor4d([168, 128, 128, 128], [1, 1, 2, 2], 'int32');
    const wanted = [40, 0].map((a) => bins.a.findIndex((center, bin) => center === a && bins.b[bin] === 0));
    const sure = tf.oneHot(wanted, bins.count).mul(1000).reshape([1, 1, 2, bins.count]) as tf.Tensor4D;

    expect(loss.value({ logits: sure }, truth).dataSync()[0]).toBeCloseTo(0, 6);
    expect(loss.value({ logits: tf.reverse(sure, 2) }, truth).dataSync()[0]).toBeCloseTo(1000, 3);
  });

  test('at quarter resolution wants every fourth pixel of every fourth row, not their average', () => {
    const loss = lossOf(classification({ binGridSize: 40 }));
    const truth = tf.buffer<tf.Rank.R4, 'int32'>([1, 8, 8, 2], 'int32', new Int32Array(128).fill(128));
    const logits = tf.randomNormal<tf.Rank.R4>([1, 2, 2, 23], 0, 3, 'float32', 5);
    const before = loss.value({ logits }, truth.toTensor()).dataSync()[0]!;
    truth.set(168, 0, 5, 4, 0); // between the rows
    truth.set(168, 0, 4, 7, 0); // between the columns
    expect(loss.value({ logits }, truth.toTensor()).dataSync()[0]).toBe(before);

    truth.set(168, 0, 4, 4, 0);
    expect(loss.value({ logits }, truth.toTensor()).dataSync()[0]).not.toBe(before);
  });

  test('loss is the cross entropy, mean over pixels: ln of the number of bins when nothing is known', () => {
    const loss = lossOf(classification({ binSet: 'square' }));
    const value = (images: number) => {
      const truth = tf.fill([images, 8, 8, 2], 128, 'int32') as tf.Tensor4D;
      return loss.value({ logits: tf.zeros([images, 2, 2, 625]) }, truth).dataSync()[0];
    };

    expect(value(1)).toBeCloseTo(6.4378, 4);
    expect(value(3)).toBeCloseTo(6.4378, 4);
  });

  test('keeps its gradient finite where the logits are far apart', () => {
    const loss = lossOf(classification({ binGridSize: 40, headResolution: 'full' }));
    const bins = makeBins(40, 'gamut');
    const right = bins.a.findIndex((a, bin) => a === 0 && bins.b[bin] === 0);
    const logits = tf.oneHot([5], 23).mul(1e4).reshape([1, 1, 1, 23]) as tf.Tensor4D;
    const truth = tf.fill([1, 1, 1, 2], 128, 'int32') as tf.Tensor4D;
    const { value, grad } = tf.valueAndGrad((x) => loss.value({ logits: x as tf.Tensor4D }, truth))(logits);

    expect(value.dataSync()[0]).toBeCloseTo(1e4, 0);
    const slope = [...grad.dataSync()];
    expect([slope[right], slope[5]]).toEqual([-1, 1]);
  });

  test('decodes a certain bin to its centre', () => {
    const bins = makeBins(20, 'gamut');
    const loss = lossOf(classification({ binGridSize: 20, headResolution: 'full' }));
    const logits = tf.oneHot([9], bins.count).mul(100).reshape([1, 1, 1, bins.count]);
    const [a, b] = loss.decode({ logits: logits as tf.Tensor4D }).dataSync();

    expect([a, b]).toEqual([bins.a[9], bins.b[9]]);
  });

  test.each([
    [0.38, [0.740506, 0.193071, 0.066423]],
    [0.1, [0.993886, 0.00601, 0.000104]],
    [1, [0.5, 0.3, 0.2]],
  ])('anneals with temperature %d as Zhang et al.', (temperature, weights) => {
    const { a, b, count } = makeBins(40, 'gamut');
    const loss = lossOf(
      classification({
        binGridSize: 40,
        headResolution: 'full',
        decoding: { type: 'annealed-mean', temperature },
      }),
    );
    const logits = tf.fill([1, 1, 1, count], -1e9).bufferSync();
    [0.5, 0.3, 0.2].forEach((probability, bin) => logits.set(Math.log(probability), 0, 0, 0, 3 * bin));
    const decoded = loss.decode({ logits: logits.toTensor() as tf.Tensor4D }).dataSync();

    const mean = (of: Float32Array) => weights.reduce((sum, weight, bin) => sum + weight * of[3 * bin]!, 0);
    expect(decoded[0]).toBeCloseTo(mean(a), 3);
    expect(decoded[1]).toBeCloseTo(mean(b), 3);
  });

  test('upsamples a quarter-resolution prediction as PyTorch does (bilinear, align_corners=False)', () => {
    const bins = makeBins(40, 'gamut');
    const grey = bins.a.findIndex((a, bin) => a === 0 && bins.b[bin] === 0);
    const red = bins.a.findIndex((a, bin) => a === 40 && bins.b[bin] === 0);
    const loss = lossOf(classification({ binGridSize: 40 }));
    const logits = tf.oneHot([grey, red, grey, red], bins.count).mul(1000).reshape([1, 2, 2, bins.count]);
    const decoded = loss.decode({ logits: logits as tf.Tensor4D });

    expect(decoded.shape).toEqual([1, 8, 8, 2]);
    const row = Array.from({ length: 8 }, (_, x) => decoded.dataSync()[2 * x]!);
    const torch = [0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1]; // F.interpolate([0, 1], scale_factor=4, mode='bilinear')
    row.forEach((value, x) => expect(value).toBeCloseTo(40 * torch[x]!, 3));
  });
});

const lossOf = (loss: LossRecipe, abCounts?: Float64Array) =>
  makeLoss({ loss, model: { imageSize: 8 } }, { abCounts });

const classification = (options: Partial<ClassificationRecipe>): ClassificationRecipe => ({
  ...plainClassification,
  ...options,
});
