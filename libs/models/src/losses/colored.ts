import * as tf from '@tensorflow/tfjs';

/** Zhang et al.'s released code trains on images with an |a| or |b| above this only. */
const leastColor = 5;

/** 1 for each image that has a colour, else 0: of int32 [n, size, size, 2], 8-bit. */
export function isColored(ab: tf.Tensor4D): tf.Tensor1D {
  const chroma = tf.abs(tf.sub(tf.cast(ab, 'float32'), 128));
  return tf.cast(tf.greater(tf.max(chroma, [1, 2, 3]), leastColor), 'float32');
}

/** The same of one image. */
export const hasColor = (ab: Uint8Array): boolean => ab.some((byte) => Math.abs(byte - 128) > leastColor);
