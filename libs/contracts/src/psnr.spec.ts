import { describe, expect, it } from 'vitest';
import { psnrOf, psnrOfImage } from './psnr.js';

describe('PSNR', () => {
  it('of equal pictures is infinite, and in a mean that of pictures with one value off by one', () => {
    expect(psnrOf(0)).toBe(Infinity);
    expect(psnrOfImage(0, 48)).toBe(psnrOf(1 / 48));
    expect(psnrOfImage(96, 48)).toBe(psnrOf(2));
  });

  it('pooled over images is not the mean of theirs: bad images weigh more', () => {
    const mean = (psnrOf(1) + psnrOf(99)) / 2;

    expect(psnrOf((1 + 99) / 2)).toBeLessThan(mean);
  });
});
