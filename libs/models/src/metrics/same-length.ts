/** @throws RangeError when two pictures have not the same number of values */
export function requireSameLength(one: ArrayLike<number>, other: ArrayLike<number>): void {
  if (one.length !== other.length) {
    throw new RangeError(
      `Only pictures of the same size can be compared: ${one.length} numbers against ${other.length}.`,
    );
  }
}
