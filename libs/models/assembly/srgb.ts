// What both directions between sRGB and Lab share, as src/color/lab.ts has it.

/** X and Z of D65 at 2°, where Y is 1. */
export const whiteX = 0.95047;
export const whiteZ = 1.08883;

/** Linear light of an encoded value, both 0 to 1. */
export function toLinear(value: f64): f64 {
  return value > 0.04045 ? Math.pow((value + 0.055) / 1.055, 2.4) : value / 12.92;
}
