import { stream } from '@chromatune/random';
import { areaResize } from '../pictures/area-resize.js';
import { enlargeBytes } from '../pictures/enlarge.js';
import type { Batch } from './batches.js';
import type { RowPlace } from './data-order.js';

export interface CropOptions {
  /** Side of the square that is cut out, as a share of the image's side. */
  share: number;
  /** Side that the result is brought to, by averaging or bilinearly. */
  size: number;
  seed: number;
  epoch: number;
}

/** Cuts a random square out of each image; which one depends on (seed, epoch, row), not on the batch they are in. */
export function cropEach(batch: Batch, places: RowPlace[], { share, size, seed, epoch }: CropOptions): Batch {
  const side = Math.max(1, Math.round(batch.size * share));
  const l = new Uint8Array(batch.images * size * size);
  const ab = new Uint8Array(l.length * 2);
  places.forEach(({ id }, image) => {
    const random = stream(seed, 'crop', epoch, id);
    const corner = { x: random.integer(batch.size - side + 1), y: random.integer(batch.size - side + 1) };
    const cut = (bytes: Uint8Array, channels: number) =>
      brought(windowOf(bytes, { ...corner, image, channels, size: batch.size, side }), channels, side, size);
    l.set(cut(batch.l, 1), image * size * size);
    ab.set(cut(batch.ab, 2), image * size * size * 2);
  });
  return { l, ab, images: batch.images, size };
}

function windowOf(
  bytes: Uint8Array,
  { x, y, image, channels, size, side }: Record<'x' | 'y' | 'image' | 'channels' | 'size' | 'side', number>,
): Uint8Array {
  const cut = new Uint8Array(side * side * channels);
  for (let row = 0; row < side; row++) {
    const from = ((image * size + y + row) * size + x) * channels;
    cut.set(bytes.subarray(from, from + side * channels), row * side * channels);
  }
  return cut;
}

const brought = (bytes: Uint8Array, channels: number, from: number, to: number) =>
  from >= to
    ? areaResize(bytes, { images: 1, channels, from, to })
    : enlargeBytes(bytes, { channels, from, to });
