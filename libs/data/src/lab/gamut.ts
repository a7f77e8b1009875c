import { isInGamut } from './lab.js';

const unknown = 0;
const inside = 1;
const outside = 2;
/** What is known of each of the 2^24 colours of 8-bit Lab; 16 MiB, made when first needed. */
let known: Uint8Array | null = null;

/**
 * Counts the pixels that no sRGB picture can have given: L and ab do not belong together. A colour counts as possible
 * when an sRGB colour lies within one step of it in each of L, a and b, so the rounding of any converter is allowed for.
 */
export function countOutOfGamut(l: Uint8Array, ab: Uint8Array): number {
  known ??= new Uint8Array(2 ** 24);
  let count = 0;
  for (let pixel = 0; pixel < l.length; pixel++) {
    const color = (l[pixel]! << 16) | (ab[pixel * 2]! << 8) | ab[pixel * 2 + 1]!;
    if (known[color] === unknown) known[color] = isPossible(color) ? inside : outside;
    if (known[color] === outside) count++;
  }
  return count;
}

function isPossible(color: number): boolean {
  const l = color >> 16;
  const a = ((color >> 8) & 255) - 128;
  const b = (color & 255) - 128;
  for (const dl of nearby) {
    for (const da of nearby) {
      for (const db of nearby) {
        if (isInGamut(Math.min(100, Math.max(0, (l + dl) / 2.55)), a + da, b + db, 1e-4)) return true;
      }
    }
  }
  return false;
}

const nearby = [0, -1, 1];
