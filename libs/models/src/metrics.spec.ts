import { describe, expect, test } from 'vitest';
import { srgbToAb } from './color/gamut.js';
import { abRmse, abSquaredError, psnrRgb, rgbRmse } from './metrics.js';

describe('metrics on the 32 x 32 test pattern', () => {
  // R = 8x, G = 8y, B = 4(x + y), modulo 256; and the same with R + 10, B - 20, clipped. Values by scikit-image.
  test('PSNR and RMSE of RGB', () => {
    const { one, other } = testPattern();

    expect(psnrRgb(one, other)).toBeCloseTo(25.95967, 5);
    expect(rgbRmse(one, other)).toBeCloseTo(12.83976, 5);
  });

  test('RMSE of ab', () => {
    const { one, other } = testPattern();
    const [first, second] = [abOf(one), abOf(other)];
    const sum = first.reduce((total, value, index) => total + (value - second[index]!) ** 2, 0);

    expect(abRmse(sum, first.length)).toBeCloseTo(8.79513, 4);
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

test('PSNR of equal pictures is infinite', () => {
  expect(psnrRgb(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3))).toBe(Infinity);
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

function abOf(rgb: Uint8Array): number[] {
  const ab: number[] = [];
  for (let index = 0; index < rgb.length; index += 3) {
    ab.push(...srgbToAb(rgb[index]!, rgb[index + 1]!, rgb[index + 2]!));
  }
  return ab;
}
