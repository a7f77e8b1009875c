import { requireSameLength } from './same-length.js';

/** Squared differences of two 8-bit pictures, summed over all channels. */
export function rgbSquaredError(one: Uint8Array, other: Uint8Array): number {
  requireSameLength(one, other);
  let sum = 0;
  for (let index = 0; index < one.length; index++) {
    const error = one[index]! - other[index]!;
    sum += error * error;
  }
  return sum;
}
