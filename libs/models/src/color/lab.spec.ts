import { stream } from '@chromatune/random';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { labToSrgbTensor, srgbToLabTensor } from './lab-tensor.js';
import { labOf, writeLab } from './lab.js';

/** RGB and Lab of scikit-image 0.19.3; the 21 colours that libs/data is held to as well. */
const references: [number, number, number, number, number, number][] = [
  [0, 0, 0, 0, 0, 0],
  [255, 255, 255, 100, -0.002455, 0.004653],
  [255, 0, 0, 53.240588, 80.092308, 67.202751],
  [0, 255, 0, 87.735099, -86.18303, 83.179703],
  [0, 0, 255, 32.295673, 79.185591, -107.8573],
  [0, 255, 255, 91.113301, -48.090596, -14.12633],
  [255, 0, 255, 60.323507, 98.233054, -60.821015],
  [255, 255, 0, 97.139507, -21.554681, 94.478122],
  [128, 128, 128, 53.585013, -0.001473, 0.002791],
  [119, 119, 119, 50.034439, -0.001398, 0.002649],
  [64, 64, 64, 27.093414, -0.000912, 0.001729],
  [10, 10, 10, 2.741735, -0.000174, 0.00033],
  [11, 10, 10, 2.80153, 0.267993, 0.094818],
  [224, 172, 105, 73.788508, 11.276711, 41.533713],
  [135, 206, 235, 79.207067, -14.841745, -21.272052],
  [34, 139, 34, 50.593295, -49.585777, 45.016836],
  [128, 0, 128, 29.784243, 58.927141, -36.484751],
  [178, 34, 34, 39.117792, 55.916518, 37.649682],
  [255, 165, 0, 74.935715, 23.9324, 78.949695],
  [12, 34, 56, 12.656173, 0.12139, -16.831648],
  [200, 100, 50, 53.629508, 36.305164, 45.380472],
];

beforeAll(() => tf.setBackend('cpu'));

test.each(references)('Lab of %d, %d, %d is scikit-image’s to 1e-6', (red, green, blue, ...lab) => {
  expect(largestDifference(labOf(red, green, blue), lab)).toBeLessThan(1e-6);
});

describe('as tensor ops, Lab', () => {
  test.each(references)('of %d, %d, %d is scikit-image’s to 1e-4', (red, green, blue, ...lab) => {
    const rgb = tf.tensor2d([[red / 255, green / 255, blue / 255]]);

    expect(largestDifference(valuesOf(srgbToLabTensor(rgb)), lab)).toBeLessThan(1e-4);
  });

  test('equals the array form, and comes back to the same bytes', () => {
    const bytes = randomBytes(3 * 4 * 5 * 5);
    const lab = new Float64Array(bytes.length);
    writeLab(bytes, lab);

    const before = tf.memory().numTensors;
    const rgb = tf.tensor4d(
      Array.from(bytes, (byte) => byte / 255),
      [4, 5, 5, 3],
    );
    const converted = srgbToLabTensor(rgb);
    const back = valuesOf(labToSrgbTensor(converted)).map((value) => Math.round(value * 255));

    expect(converted.shape).toEqual([4, 5, 5, 3]);
    expect(largestDifference(valuesOf(converted), [...lab])).toBeLessThan(1e-4);
    expect(back).toEqual([...bytes]);
    expect(tf.memory().numTensors - before).toBe(1); // rgb
    rgb.dispose();
  });

  // As libs/data and scikit-image 0.26 clip them.
  test.each([
    [
      [0, -128, 127],
      [0, 48, 0],
    ],
    [
      [100, 127, -128],
      [255, 139, 255],
    ],
    [
      [50, 500, -500],
      [0, 0, 255],
    ],
    [
      [20, 0, 127],
      [67, 46, 0],
    ],
    [
      [5, 50, 100],
      [75, 0, 0],
    ],
    [
      [90, 80, 80],
      [255, 148, 73],
    ],
    [
      [60, -120, 0],
      [0, 183, 142],
    ],
  ])('%j, which sRGB does not have, is clipped to %j', (lab, rgb) => {
    const clipped = valuesOf(labToSrgbTensor(tf.tensor2d([lab])));

    expect(clipped.map((value) => Math.round(value * 255))).toEqual(rgb);
  });
});

const largestDifference = (found: number[], expected: number[]) =>
  Math.max(...found.map((value, index) => Math.abs(value - expected[index]!)));

function valuesOf(tensor: tf.Tensor): number[] {
  const values = Array.from(tensor.dataSync());
  tensor.dispose();
  return values;
}

function randomBytes(length: number): Uint8Array {
  const random = stream(1, 'lab spec');
  return Uint8Array.from({ length }, () => random.integer(256));
}
