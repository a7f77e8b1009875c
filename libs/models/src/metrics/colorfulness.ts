import type { OpponentSums } from './picture-kernel.js';

/** Colourfulness of one picture in both conventions; see `colorfulness`. */
export interface Colorfulness {
  signed: number;
  unsigned: number;
}

/**
 * Colourfulness of an RGB picture after Hasler and Süsstrunk 2003: with rg = R - G and yb = (R + G) / 2 - B,
 * sqrt(σrg² + σyb²) + 0.3 sqrt(μrg² + μyb²), population variances. `signed` is theirs; `unsigned` takes |rg| and |yb| first,
 * as DDColor's evaluation does, and is lower.
 */
export function colorfulness(sums: OpponentSums, pixels: number): Colorfulness {
  const of = (rg: number, yb: number) => {
    const squaredMean = (rg * rg + yb * yb) / pixels ** 2;
    return Math.sqrt(Math.max(0, sums.squares / pixels - squaredMean)) + 0.3 * Math.sqrt(squaredMean);
  };
  return { signed: of(sums.rg, sums.yb), unsigned: of(sums.absRg, sums.absYb) };
}
