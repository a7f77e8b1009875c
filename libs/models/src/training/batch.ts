import * as tf from '@tensorflow/tfjs';
import { type Batch } from './step.js';

/** A batch as tensors, its bytes as int32: L [n, size, size, 1] and ab [n, size, size, 2]. */
export interface BatchTensors {
  l: tf.Tensor4D;
  ab: tf.Tensor4D;
}

/** @throws RangeError when the bytes do not make as many images of that size */
export function batchTensors({ l, ab, images, size }: Batch): BatchTensors {
  if (size % 16 !== 0) {
    throw new RangeError(`Images are ${size} pixels wide; the network needs a multiple of 16.`);
  }
  return {
    l: lightnessBytes(l, { images, height: size, width: size }),
    ab: bytesTensor('ab', ab, [images, size, size, 2]),
  };
}

/** Images side by side in memory, their sides in pixels. */
export interface ImagesShape {
  images: number;
  height: number;
  width: number;
}

/** 8-bit L as int32 [images, height, width, 1]. */
export const lightnessBytes = (l: Uint8Array, { images, height, width }: ImagesShape): tf.Tensor4D =>
  bytesTensor('L', l, [images, height, width, 1]);

/** The network's input: (L - 50) / 100 of 8-bit L. */
export const toNetworkInput = (l: tf.Tensor4D): tf.Tensor4D =>
  tf.sub(tf.div(tf.cast(l, 'float32'), 255), 0.5);

function bytesTensor(name: string, bytes: Uint8Array, shape: [number, number, number, number]): tf.Tensor4D {
  const [images, height, width, channels] = shape;
  const expected = images * height * width * channels;
  if (bytes.length !== expected) {
    throw new RangeError(
      `${name} has ${bytes.length} bytes; ${images} images of ${height} x ${width} have ${expected}.`,
    );
  }
  return tf.tensor4d(Int32Array.from(bytes), shape, 'int32');
}
