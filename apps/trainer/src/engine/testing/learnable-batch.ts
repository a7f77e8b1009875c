import type { Batch, BatchShape } from '@chromatune/models';
import type { Stream } from '@chromatune/random';

/** Blocks of 8 x 8 pixels: bright ones are blue, dark ones orange. */
export function learnableBatch(random: Stream, { images, size }: BatchShape): Batch {
  const l = new Uint8Array(images * size * size);
  const ab = new Uint8Array(images * size * size * 2);
  for (let row = 0; row < images * size; row += 8) {
    for (let column = 0; column < size; column += 8) {
      const bright = random.integer(2) === 1;
      for (let i = 0; i < 64; i++) {
        const pixel = (row + (i >> 3)) * size + column + (i & 7);
        l[pixel] = (bright ? 190 : 50) + random.integer(20);
        ab.set(bright ? [120, 88] : [158, 168], 2 * pixel);
      }
    }
  }
  return { l, ab, images, size };
}
