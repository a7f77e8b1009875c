import * as tf from '@tensorflow/tfjs';
import { mapBytes } from './map-bytes.js';
import { type Batch } from './step.js';

/** The network's input of a batch: (L - 50) / 100, [n, size, size, 1]. */
export function lightnessTensor({ l, images, size }: Pick<Batch, 'l' | 'images' | 'size'>): tf.Tensor4D {
  if (size % 16 !== 0)
    throw new RangeError(`Images are ${size} pixels wide; the network needs a multiple of 16.`);
  if (l.length !== images * size * size) {
    throw new RangeError(
      `L has ${l.length} bytes; ${images} images of ${size} x ${size} have ${images * size * size}.`,
    );
  }
  return tf.tensor4d(mapBytes(l, lightnessOf), [images, size, size, 1]);
}

const lightnessOf = Float32Array.from({ length: 256 }, (_, l8) => l8 / 255 - 0.5);
