import type * as tf from '@tensorflow/tfjs';

/** What a network puts out, by head. A network has one of them or both. */
export interface Prediction {
  /** Of a regression head: ab in target units, [n, size, size, 2]. */
  ab?: tf.Tensor4D;
  /** Of a classification head: [n, side, side, bins], side the image's or a quarter of it. */
  logits?: tf.Tensor4D;
}
