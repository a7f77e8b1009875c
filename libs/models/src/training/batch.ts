import * as tf from '@tensorflow/tfjs';
import { type Batch } from './step.js';

/** A batch as tensors, its bytes as int32: L [n, size, size, 1] and ab [n, size, size, 2]. */
export interface BatchTensors {
  l: tf.Tensor4D;
  ab: tf.Tensor4D;
}

/** @throws RangeError as `requireWhole` does */
export function batchTensors(batch: Batch): BatchTensors {
  requireWhole(batch);
  const { l, ab, images, size } = batch;
  return {
    l: bytesTensor(l, [images, size, size, 1]),
    ab: bytesTensor(ab, [images, size, size, 2]),
  };
}

/** @throws RangeError when the bytes do not make as many images of that size, or no network takes it */
export function requireWhole({ l, ab, images, size }: Batch): void {
  if (size % 16 !== 0) {
    throw new RangeError(`Images are ${size} pixels wide; the network needs a multiple of 16.`);
  }
  requireBytes('L', l, [images, size, size, 1]);
  requireBytes('ab', ab, [images, size, size, 2]);
}

/** Images side by side in memory, their sides in pixels. */
export interface ImagesShape {
  images: number;
  height: number;
  width: number;
}

/** 8-bit L as int32 [images, height, width, 1]. */
export function lightnessBytes(l: Uint8Array, { images, height, width }: ImagesShape): tf.Tensor4D {
  requireBytes('L', l, [images, height, width, 1]);
  return bytesTensor(l, [images, height, width, 1]);
}

/** The network's input: (L - 50) / 100 of 8-bit L. */
export const toNetworkInput = (l: tf.Tensor4D): tf.Tensor4D =>
  tf.sub(tf.div(tf.cast(l, 'float32'), 255), 0.5);

type ImagesOfBytes = [images: number, height: number, width: number, channels: number];

const bytesTensor = (bytes: Uint8Array, shape: ImagesOfBytes): tf.Tensor4D =>
  tf.tensor4d(new Int32Array(bytes), shape, 'int32');

function requireBytes(name: string, bytes: Uint8Array, shape: ImagesOfBytes): void {
  const [images, height, width, channels] = shape;
  const expected = images * height * width * channels;
  if (bytes.length === expected) return;
  throw new RangeError(
    `${name} has ${bytes.length} bytes; ${images} images of ${height} x ${width} have ${expected}.`,
  );
}
