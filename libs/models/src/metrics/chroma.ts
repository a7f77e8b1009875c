/** Sum of chroma, sqrt(a² + b²), over the pixels of predicted ab, in ab units. */
export function chromaSum(ab: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < ab.length; index += 2) {
    const a = ab[index]!;
    const b = ab[index + 1]!;
    sum += Math.sqrt(a * a + b * b);
  }
  return sum;
}

/** As `chromaSum`, of 8-bit ab. */
export function chromaSum8(ab: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < ab.length; index += 2) {
    const a = ab[index]! - 128;
    const b = ab[index + 1]! - 128;
    sum += Math.sqrt(a * a + b * b);
  }
  return sum;
}
