import { expect, it } from 'vitest';
import { labToCss, srgbToLab } from './lab.js';

it.each([
  [
    [255, 255, 255],
    [100, 0, 0],
  ],
  [
    [0, 0, 0],
    [0, 0, 0],
  ],
  [
    [119, 119, 119],
    [50.03, 0, 0],
  ],
  [
    [255, 0, 0],
    [53.24, 80.09, 67.2],
  ],
  [
    [0, 0, 255],
    [32.3, 79.19, -107.86],
  ],
] as const)('gives the known Lab of sRGB %s', ([red, green, blue], [l, a, b]) => {
  const lab = srgbToLab(red, green, blue);

  expect(lab.l).toBeCloseTo(l, 1);
  expect(lab.a).toBeCloseTo(a, 1);
  expect(lab.b).toBeCloseTo(b, 1);
});

it('turns Lab back into the same sRGB', () => {
  const { l, a, b } = srgbToLab(200, 100, 50);

  expect(labToCss(l, a, b)).toBe('rgb(200 100 50)');
});

it('clips what a screen cannot show', () => {
  expect(labToCss(65, -128, -128)).toMatch(/^rgb\(0 \d+ 255\)$/);
});
