import { psnrOf } from '@chromatune/contracts/psnr';
import { describe, expect, test } from 'vitest';
import { writeLab } from '../color/lab.js';
import { abRmse, abSquaredError } from './ab-error.js';
import { aucWeights } from './auc.js';
import { colorfulness } from './colorfulness.js';
import { PictureKernel } from './picture-kernel.js';

// R = 8x, G = 8y, B = 4(x + y), modulo 256; and the same with R + 10, B - 20, clipped. Values by scikit-image and NumPy.
describe('metrics on the 32 x 32 test pattern', () => {
  const { one, other } = testPattern();
  const [first, second] = [labOfPicture(one), labOfPicture(other)];
  const pixels = 32 * 32;
  const kernel = new PictureKernel(32);
  kernel.truthRgb.set(one);
  kernel.predictedRgb.set(other);
  const rgb = kernel.compareRgb();

  test('PSNR and RMSE of RGB', () => {
    expect(psnrOf(rgb.squaredError / (3 * pixels))).toBeCloseTo(25.959667, 6);
    expect(Math.sqrt(rgb.squaredError / (3 * pixels))).toBeCloseTo(12.839758, 6);
  });

  test('SSIM', () => {
    expect(kernel.ssim()).toBeCloseTo(0.99055, 6);
  });

  test('colourfulness, signed and unsigned', () => {
    const [truth, predicted] = [colorfulness(rgb.truth, pixels), colorfulness(rgb.predicted, pixels)];

    expect(truth.signed).toBeCloseTo(104.460519, 6);
    expect(predicted.signed).toBeCloseTo(112.37468, 6);
    expect(truth.unsigned).toBeCloseTo(85.944177, 6);
    expect(predicted.unsigned).toBeCloseTo(87.258962, 6);
  });

  test('ΔE76 and ΔE2000', () => {
    expect(rgb.deltaE76 / pixels).toBeCloseTo(12.297231, 5);
    expect(rgb.deltaE2000 / pixels).toBeCloseTo(6.890719, 5);
  });

  test('RMSE and mean distance of ab, ratio of chroma, and AuC', () => {
    // The ab of both, about a neutral truth: their difference.
    const difference = differenceOfAb(first, second);
    const ofDifference = compareAb(difference);
    const ofOne = compareAb(abOf(first));
    const ofOther = compareAb(abOf(second));

    expect(abRmse(ofDifference.squaredError, 2 * pixels)).toBeCloseTo(8.795131, 6);
    expect(ofDifference.predictedChroma / pixels).toBeCloseTo(12.278439, 6);
    expect(ofOther.predictedChroma / ofOne.predictedChroma).toBeCloseTo(1.130359, 6);
    expect(ofDifference.nearness / pixels).toBeCloseTo(0.918203, 6);
  });

  function compareAb(predicted: ArrayLike<number>) {
    kernel.truthAb.fill(128);
    kernel.predictedAb.set(predicted);
    return kernel.compareAb();
  }
});

describe('nearness', () => {
  const kernel = new PictureKernel(11);
  kernel.truthAb.fill(128);
  const nearnessOf = (distance: number) => {
    kernel.predictedAb.fill(0);
    kernel.predictedAb[0] = distance;
    return kernel.compareAb().nearness - (11 * 11 - 1);
  };

  test('is the area under a curve that steps from 0 to 1, by trapezoids over thresholds 0 to 150', () => {
    for (const distance of [0, 0.5, 1, 1.5, 70.7, 149.9, 150, 150.1, 400]) {
      const accuracy = Array.from({ length: 151 }, (_, threshold) => Number(distance <= threshold));
      const area = accuracy.slice(1).reduce((sum, value, index) => sum + (value + accuracy[index]!) / 2, 0);

      expect(nearnessOf(distance)).toBeCloseTo(area / 150, 12);
    }
  });

  test('of what is not a number is 0', () => {
    expect(nearnessOf(NaN)).toBe(0);
  });
});

describe('ab error', () => {
  test('is the difference to 8-bit ab in ab units, pooled over pixels and components', () => {
    const { sum, count } = abSquaredError(Float32Array.of(3, -4, 0, 1), Uint8Array.of(128, 128, 128, 129));

    expect({ sum, count }).toEqual({ sum: 25, count: 4 });
    expect(abRmse(sum, count)).toBe(2.5);
  });

  test('refuses pictures of different sizes', () => {
    expect(() => abSquaredError(new Float32Array(4), new Uint8Array(2))).toThrow('same size');
  });
});

describe('weights of the rebalanced AuC', () => {
  test('are 1 / p of the cell of 10 units around a multiple of 10', () => {
    const weights = aucWeights(countsOf([0, 0, 30], [4, -5, 30], [5, 0, 40]));

    expect(weights[at(0, 0)]).toBeCloseTo(100 / 60, 12);
    expect(weights[at(4, -5)]).toBe(weights[at(0, 0)]);
    expect(weights[at(5, 0)]).toBeCloseTo(100 / 40, 12);
  });

  test('of an empty cell are those of the rarest that is not empty: never infinite', () => {
    const weights = aucWeights(countsOf([0, 0, 99], [50, 50, 1]));

    expect(weights[at(-80, 20)]).toBe(100);
    expect(Math.max(...weights)).toBe(100);
  });

  test('let a rare colour count as much as a frequent one', () => {
    const weights = aucWeights(countsOf([0, 0, 99], [50, 50, 1]));
    const [frequent, rare] = [99 * weights[at(0, 0)]!, 1 * weights[at(50, 50)]!];

    expect(frequent).toBeCloseTo(rare, 9);
  });

  const at = (a: number, b: number) => (a + 128) * 256 + b + 128;
  function countsOf(...colors: [a: number, b: number, count: number][]): Float64Array {
    const counts = new Float64Array(65_536);
    for (const [a, b, count] of colors) counts[at(a, b)] = count;
    return counts;
  }
});

function testPattern(): { one: Uint8Array; other: Uint8Array } {
  const one: number[] = [];
  const other: number[] = [];
  for (let y = 0; y < 32; y++) {
    for (let x = 0; x < 32; x++) {
      const [red, green, blue] = [(8 * x) % 256, (8 * y) % 256, (4 * (x + y)) % 256];
      one.push(red, green, blue);
      other.push(Math.min(red + 10, 255), green, Math.max(blue - 20, 0));
    }
  }
  return { one: Uint8Array.from(one), other: Uint8Array.from(other) };
}

function labOfPicture(rgb: Uint8Array): Float64Array {
  const lab = new Float64Array(rgb.length);
  writeLab(rgb, lab);
  return lab;
}

const abOf = (lab: Float64Array) => lab.filter((_, index) => index % 3 > 0);
const differenceOfAb = (one: Float64Array, other: Float64Array) =>
  abOf(one.map((value, index) => value - other[index]!));
