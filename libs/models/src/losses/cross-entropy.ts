import * as tf from '@tensorflow/tfjs';
import { cellsOf, kernels } from '../kernels.js';

/** What each row should be: bins int32 (rows, k), all of a row different, and their weights (rows, k), which add up to 1. */
export interface Labels {
  bins: tf.Tensor2D;
  weights: tf.Tensor2D;
}

/**
 * Cross entropy of each row with its labels, -Σ weight · log softmax(logits)[bin]: logits (rows, bins), result (rows);
 * differentiable in the logits. No dense labels are made: beside the logits it keeps one tensor of their size.
 */
export function crossEntropy(logits: tf.Tensor2D, { bins, weights }: Labels): tf.Tensor1D {
  return withGradient(logits, bins, weights) as tf.Tensor1D;
}

/**
 * log Σ exp of each row. With the softmax at hand it is the largest logit less the log of the largest probability, which
 * is at least 1 / bins: two passes, where TensorFlow's fused operation (SparseSoftmaxCrossEntropyWithLogits) took 1.6
 * times as long as the softmax and all of this.
 */
export function logSumExp(logits: tf.Tensor2D, softmax: tf.Tensor2D): tf.Tensor1D {
  return tf.sub(tf.max(logits, 1), tf.log(tf.max(softmax, 1)));
}

const withGradient = tf.customGrad((...inputs) => {
  const [logits, bins, weights, save] = inputs as unknown as [
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor2D,
    tf.GradSaveFunc,
  ];
  const softmax = tf.softmax(logits);
  const expected = tf.sum(tf.mul(weights, tf.gatherND(logits, cellsOf(bins))), 1);
  save([softmax, bins, weights]);
  return {
    value: tf.sub(logSumExp(logits, softmax), expected),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [softmax, bins, weights] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      const slope = tf.expandDims(dy, 1);
      const gradient = kernels().subtractAt(tf.mul(softmax, slope), bins, tf.mul(weights, slope));
      return [gradient, tf.zerosLike(bins), tf.zerosLike(weights)];
    },
  };
});
