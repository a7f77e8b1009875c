import * as tf from '@tensorflow/tfjs';
import { convolveUpsampled } from './networks/upsampling.js';

/** Operations that an engine may do faster than plain TensorFlow.js ops. Those of a network have a gradient. */
export interface Kernels {
  /**
   * Batch norm of NHWC `x` over n, h and w with the statistics of the batch; differentiable in x, gamma and beta.
   * `variance` is the biased one. No gradient flows through `mean` and `variance`.
   */
  batchNorm(
    x: tf.Tensor4D,
    gamma: tf.Tensor1D,
    beta: tf.Tensor1D,
    epsilon: number,
  ): { y: tf.Tensor4D; mean: tf.Tensor1D; variance: tf.Tensor1D };
  relu<T extends tf.Tensor>(x: T): T;
  /**
   * x less amounts[row, k] at columns[row, k]: x (rows, columns), columns int32 (rows, k), all of a row different, amounts
   * (rows, k). Used in gradients, so it needs none itself. An engine may leave it out.
   */
  subtractAt?(x: tf.Tensor2D, columns: tf.Tensor2D, amounts: tf.Tensor2D): tf.Tensor2D;
  /**
   * NHWC `x` with each pixel four times (`nn.Upsample(scale_factor=2)`), convolved with `filter` (3, 3, from, to) at stride
   * 1 and padded to the same side; differentiable in both. An engine may leave it out.
   */
  convolveUpsampled?(x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D;
}

/** Built from ops that every TensorFlow.js backend has. */
export const plainKernels: Required<Kernels> = {
  batchNorm(x, gamma, beta, epsilon) {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon)));
    const y = tf.add(tf.mul(tf.sub(x, mean), scale), beta);
    return { y: y as tf.Tensor4D, mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D };
  },
  relu: (x) => tf.relu(x),

  subtractAt: (x, columns, amounts) =>
    tf.sub(x, tf.scatterND(cellsOf(columns).reshape([-1, 2]), amounts.flatten(), x.shape)),
  convolveUpsampled,
};

/** The places (row, column) of `columns` (rows, k), as int32 (rows, k, 2). */
export function cellsOf(columns: tf.Tensor2D): tf.Tensor3D {
  const [rows, k] = columns.shape;
  const row = tf.tile(tf.range(0, rows, 1, 'int32').expandDims(1), [1, k]);
  return tf.stack([row, columns], 2) as tf.Tensor3D;
}

let current: Required<Kernels> = plainKernels;

/** Makes all networks of this process use `kernels`. The trainer's engine calls it once, before any network is built. */
export function setKernels(kernels: Kernels): void {
  current = { ...plainKernels, ...kernels };
}

export function kernels(): Required<Kernels> {
  return current;
}
