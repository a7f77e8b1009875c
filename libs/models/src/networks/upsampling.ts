import * as tf from '@tensorflow/tfjs';

// Both gradients are made of operations that every backend has and that add up in a fixed order on GPUs.

/**
 * `nn.Upsample(scale_factor=2)`: each pixel four times. The gradient is the sum over each pixel's four copies, written here
 * as four times their mean: TensorFlow.js's own is wrong on the cpu backend for more than one image, and TensorFlow's adds
 * up in random order on GPUs.
 */
export const upsampleNearest = tf.customGrad((input) => {
  const x = input as tf.Tensor4D;
  return {
    value: tf.image.resizeNearestNeighbor(x, [2 * x.shape[1], 2 * x.shape[2]]),
    gradFunc: (dy: tf.Tensor) => tf.mul(tf.avgPool(dy as tf.Tensor4D, 2, 2, 'valid'), 4),
  };
}) as (x: tf.Tensor4D) => tf.Tensor4D;

/**
 * `nn.Upsample(scale_factor=2, mode='bilinear')`, that is align_corners=False: new pixels lie a quarter of the old distance
 * beside the old ones, and edges are repeated.
 *
 * Along each axis an old pixel reaches four new ones with weights (1, 3, 3, 1) / 4, which is (1, 1) convolved with itself
 * twice: the gradient is three means of 2 × 2, the last at stride 2, times four, of dy with its edge repeated.
 * TensorFlow.js's own forgets that pixels have a centre (tfjs #4364).
 */
export const upsampleBilinear = tf.customGrad((input) => {
  const x = input as tf.Tensor4D;
  return {
    value: tf.image.resizeBilinear(x, [2 * x.shape[1], 2 * x.shape[2]], false, true),
    gradFunc: (dy: tf.Tensor) => {
      const border: [number, number] = [1, 1];
      const padded = tf.mirrorPad(dy as tf.Tensor4D, [[0, 0], border, border, [0, 0]], 'symmetric');
      const blurred = tf.avgPool(tf.avgPool(padded, 2, 1, 'valid'), 2, 1, 'valid');
      return tf.mul(tf.avgPool(blurred, 2, 2, 'valid'), 4);
    },
  };
}) as (x: tf.Tensor4D) => tf.Tensor4D;
