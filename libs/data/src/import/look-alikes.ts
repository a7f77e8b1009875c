import { type Picture } from './photograph.js';

/** Side of a signature: 8 x 8 mean colours. */
const side = 8;
/**
 * Root mean square difference of two signatures below which pictures are copies of each other, scaled or compressed anew.
 * Of the 212 first photographs three pairs are copies, at 1.2 or less; the next nearest pair is at 29.
 */
const sameBelow = 3;

/** The mean colours of a picture in an 8 x 8 grid: 192 bytes that survive scaling and compression. */
export function signatureOf({ rgb, width, height }: Picture): Uint8Array {
  const sums = new Float64Array(side * side * 3);
  const counts = new Float64Array(side * side);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const cell = Math.floor((y * side) / height) * side + Math.floor((x * side) / width);
      counts[cell]!++;
      for (let channel = 0; channel < 3; channel++)
        sums[cell * 3 + channel]! += rgb[(y * width + x) * 3 + channel]!;
    }
  }
  return Uint8Array.from(sums, (sum, index) => Math.round(sum / Math.max(1, counts[Math.floor(index / 3)]!)));
}

/**
 * For each signature the index of an earlier one that looks the same, or null. Copies in two splits would let a network
 * be judged on what it was trained on.
 */
export function findLookAlikes(signatures: Uint8Array[]): (number | null)[] {
  const means = signatures.map(
    (signature) => signature.reduce((sum, byte) => sum + byte, 0) / signature.length,
  );
  const byMean = means.map((_, index) => index).sort((a, b) => means[a]! - means[b]! || a - b);
  const twins = new Array<number | null>(signatures.length).fill(null);
  byMean.forEach((index, position) => {
    // Two means differ by no more than two signatures do, so only neighbours in this order can be alike.
    for (let next = position + 1; next < byMean.length; next++) {
      const other = byMean[next]!;
      if (means[other]! - means[index]! >= sameBelow) break;
      if (!looksSame(signatures[index]!, signatures[other]!)) continue;
      const [earlier, later] = index < other ? [index, other] : [other, index];
      twins[later] = Math.min(twins[later] ?? earlier, earlier);
    }
  });
  return twins;
}

function looksSame(a: Uint8Array, b: Uint8Array): boolean {
  const most = sameBelow * sameBelow * a.length;
  let squared = 0;
  for (let index = 0; index < a.length && squared < most; index++) squared += (a[index]! - b[index]!) ** 2;
  return squared < most;
}
