/**
 * Squared error of predicted ab (ab units) against the truth (OpenCV's 8-bit convention), summed over pixels and both
 * components, with their number. Add the sums and counts of several images, then ask `abRmse`.
 * @throws RangeError when the pictures have not the same number of values
 */
export function abSquaredError(
  predicted: ArrayLike<number>,
  truth: Uint8Array,
): { sum: number; count: number } {
  if (predicted.length !== truth.length) {
    const counts = `${predicted.length} numbers against ${truth.length}`;
    throw new RangeError(`Only pictures of the same size can be compared: ${counts}.`);
  }
  let sum = 0;
  for (let index = 0; index < truth.length; index++) {
    const error = predicted[index]! - (truth[index]! - 128);
    sum += error * error;
  }
  return { sum, count: truth.length };
}

/** Root of the mean over all pixels and both ab components of the squared error, in ab units. */
export function abRmse(sumSquared: number, count: number): number {
  return Math.sqrt(sumSquared / count);
}
