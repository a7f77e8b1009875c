/**
 * CIE Lab (D65, 2°) of sRGB, with the constants of scikit-image 0.19 (`color/colorconv.py`). libs/data converts whole
 * datasets with the same numbers; here metrics and the outline of sRGB need them. Specs of both hold the same references.
 */

/** Rows X, Y, Z; columns R, G, B in linear light, 0 to 1. */
export const rgbToXyz = [
  [0.412453, 0.35758, 0.180423],
  [0.212671, 0.71516, 0.072169],
  [0.019334, 0.119193, 0.950227],
] as const;

/** The inverse of `rgbToXyz`, with scikit-image's digits. */
export const xyzToRgb = [
  [3.24048134, -1.53715152, -0.49853633],
  [-0.96925495, 1.87599, 0.04155593],
  [0.05564664, -0.20404134, 1.05731107],
] as const;

/** X, Y, Z of D65 at 2°. */
export const white = [0.95047, 1, 1.08883] as const;

/** Where each curve leaves its straight foot: sRGB's in encoded and in linear light, Lab's in light and after the root. */
export const feet = { encoded: 0.04045, linear: 0.0031308, light: 0.008856, root: 0.2068966 } as const;

/** L (0 to 100), a and b of one 8-bit sRGB colour. */
export function labOf(red: number, green: number, blue: number): [l: number, a: number, b: number] {
  const lab = new Float64Array(3);
  writeLab(Uint8Array.of(red, green, blue), lab);
  return [lab[0]!, lab[1]!, lab[2]!];
}

/** L, a and b of 8-bit sRGB pixels, 3 numbers each, into `lab`. Exact to 1e-9. */
export function writeLab(rgb: Uint8Array, lab: Float64Array): void {
  for (let index = 0; index < rgb.length; index += 3) {
    const r = linear[rgb[index]!]!;
    const g = linear[rgb[index + 1]!]!;
    const b = linear[rgb[index + 2]!]!;
    const x = labCurve(xr * r + xg * g + xb * b);
    const y = labCurve(yr * r + yg * g + yb * b);
    const z = labCurve(zr * r + zg * g + zb * b);
    lab[index] = 116 * y - 16;
    lab[index + 1] = 500 * (x - y);
    lab[index + 2] = 200 * (y - z);
  }
}

const linear = Float64Array.from({ length: 256 }, (_, byte) => {
  const c = byte / 255;
  return c > feet.encoded ? ((c + 0.055) / 1.055) ** 2.4 : c / 12.92;
});

// Plain numbers, divided by the white already: an array would be looked up for every pixel.
const [xr, xg, xb] = rowOf(0);
const [yr, yg, yb] = rowOf(1);
const [zr, zg, zb] = rowOf(2);
function rowOf(axis: 0 | 1 | 2): [number, number, number] {
  const [r, g, b] = rgbToXyz[axis];
  return [r / white[axis], g / white[axis], b / white[axis]];
}

/** f(t) of Lab. The cube root is one Newton step from a table's guess, which is off by less than 4e-7: three times as fast. */
function labCurve(t: number): number {
  if (t <= feet.light) return straight(t);
  const place = t * steps;
  const index = place | 0;
  const low = guesses[index]!;
  const guess = low + (place - index) * (guesses[index + 1]! - low);
  return (2 * guess + t / (guess * guess)) / 3;
}

const straight = (t: number) => 7.787 * t + 16 / 116;
const steps = 16_384;
const guesses = Float64Array.from({ length: steps * 1.01 + 2 }, (_, index) =>
  index / steps > feet.light ? Math.cbrt(index / steps) : straight(index / steps),
);
