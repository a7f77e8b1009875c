/** Colourfulness of one picture in both conventions; see `colorfulness`. */
export interface Colorfulness {
  signed: number;
  unsigned: number;
}

/**
 * Colourfulness of an 8-bit RGB picture after Hasler and Süsstrunk 2003: with rg = R - G and yb = (R + G) / 2 - B,
 * sqrt(σrg² + σyb²) + 0.3 sqrt(μrg² + μyb²), population variances. `signed` is theirs; `unsigned` takes |rg| and |yb| first,
 * as DDColor's evaluation does, and is lower.
 */
export function colorfulness(rgb: Uint8Array): Colorfulness {
  const pixels = rgb.length / 3;
  const sums = { rg: 0, yb: 0, absRg: 0, absYb: 0, squares: 0 };
  for (let index = 0; index < rgb.length; index += 3) {
    const rg = rgb[index]! - rgb[index + 1]!;
    const yb = (rgb[index]! + rgb[index + 1]!) / 2 - rgb[index + 2]!;
    sums.rg += rg;
    sums.yb += yb;
    sums.absRg += Math.abs(rg);
    sums.absYb += Math.abs(yb);
    sums.squares += rg * rg + yb * yb;
  }
  const of = (rg: number, yb: number) => {
    const squaredMean = (rg * rg + yb * yb) / pixels ** 2;
    return Math.sqrt(Math.max(0, sums.squares / pixels - squaredMean)) + 0.3 * Math.sqrt(squaredMean);
  };
  return { signed: of(sums.rg, sums.yb), unsigned: of(sums.absRg, sums.absYb) };
}
