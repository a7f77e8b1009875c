/**
 * Squared error of predicted ab (ab units) against the truth (OpenCV's 8-bit convention), summed over pixels and both
 * components, with their number. Add the sums and counts of several images, then ask `abRmse`.
 */
export function abSquaredError(
  predicted: ArrayLike<number>,
  truth: Uint8Array,
): { sum: number; count: number } {
  requireSameLength(predicted, truth);
  let sum = 0;
  for (let index = 0; index < truth.length; index++) {
    sum += (predicted[index]! - (truth[index]! - 128)) ** 2;
  }
  return { sum, count: truth.length };
}

/** Root of the mean over all pixels and both ab components of the squared error, in ab units. */
export function abRmse(sumSquared: number, count: number): number {
  return Math.sqrt(sumSquared / count);
}

/** Root of the mean squared difference of two 8-bit pictures, all channels together. */
export function rgbRmse(one: Uint8Array, other: Uint8Array): number {
  requireSameLength(one, other);
  let sum = 0;
  for (let index = 0; index < one.length; index++) sum += (one[index]! - other[index]!) ** 2;
  return Math.sqrt(sum / one.length);
}

/** 20 log10(255 / RMSE) of two 8-bit RGB pictures, in dB; Infinity when they are equal. */
export function psnrRgb(one: Uint8Array, other: Uint8Array): number {
  return 20 * Math.log10(255 / rgbRmse(one, other));
}

function requireSameLength(one: ArrayLike<number>, other: ArrayLike<number>): void {
  if (one.length !== other.length) {
    throw new RangeError(
      `Only pictures of the same size can be compared: ${one.length} numbers against ${other.length}.`,
    );
  }
}
