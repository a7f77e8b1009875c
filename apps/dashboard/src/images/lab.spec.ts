import { expect, it } from 'vitest';
import { labToCss, srgbToLab } from './lab.js';

// As imports make them, greys included, which are off neutral by a little.
it.each([
  [
    [255, 255, 255],
    [100, -0.0025, 0.0047],
  ],
  [
    [0, 0, 0],
    [0, 0, 0],
  ],
  [
    [119, 119, 119],
    [50.0344, -0.0014, 0.0026],
  ],
  [
    [255, 0, 0],
    [53.2406, 80.0923, 67.2028],
  ],
  [
    [0, 0, 255],
    [32.2957, 79.1856, -107.8573],
  ],
] as const)('gives the known Lab of sRGB %s', ([red, green, blue], [l, a, b]) => {
  const lab = srgbToLab(red, green, blue);

  expect(lab.l).toBeCloseTo(l, 4);
  expect(lab.a).toBeCloseTo(a, 4);
  expect(lab.b).toBeCloseTo(b, 4);
});

it('turns Lab back into the same sRGB', () => {
  const { l, a, b } = srgbToLab(200, 100, 50);

  expect(labToCss(l, a, b)).toBe('rgb(200 100 50)');
});

it('clips what a screen cannot show', () => {
  expect(labToCss(65, -128, -128)).toMatch(/^rgb\(0 \d+ 255\)$/);
});
