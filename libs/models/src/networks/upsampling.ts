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

/** `upsampleNearest`, then a convolution at stride 1 with `filter` (3, 3, from, to), padded to the same side. */
export const convolveUpsampled = (x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D =>
  tf.conv2d(upsampleNearest(x), filter, 1, 'same');

/**
 * The same without the copies, with four multiplications where that has nine. Of the three rows that a new pixel sees, two
 * are copies of one old pixel, so that their weights can be added first. Seen from an old pixel, the four new rows that it
 * reaches have weights (2, 1 + 2, 0 + 1, 0), by the filter's rows; likewise its columns. This is a transposed convolution of
 * 4 × 4 at stride 2.
 */
export function convolveByFoldedFilter(x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D {
  const [images, height, width] = x.shape;
  const [rows, columns, from, to] = filter.shape;
  const folded = tf.matMul(tf.tensor2d(folding), tf.reshape(filter, [rows * columns, from * to]));
  const transposed = tf.transpose(tf.reshape(folded, [4, 4, from, to]), [0, 1, 3, 2]) as tf.Tensor4D;
  return tf.conv2dTranspose(x, transposed, [images, 2 * height, 2 * width, to], 2, 'same');
}

/** Along one axis, which of a filter's three weights each of the four new pixels adds up. */
const foldingOfAxis = [
  [0, 0, 1],
  [0, 1, 1],
  [1, 1, 0],
  [1, 0, 0],
];

/** Along both: of 3 × 3 weights to 4 × 4. */
const folding = foldingOfAxis.flatMap((row) =>
  foldingOfAxis.map((column) => row.flatMap((inRow) => column.map((inColumn) => inRow * inColumn))),
);
