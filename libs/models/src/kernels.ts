import * as tf from '@tensorflow/tfjs';

/** Operations that an engine may do faster than plain TensorFlow.js ops. Every one must have a gradient. */
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
}

/** Built from ops that every TensorFlow.js backend has. */
export const plainKernels: Kernels = {
  batchNorm(x, gamma, beta, epsilon) {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon)));
    const y = tf.add(tf.mul(tf.sub(x, mean), scale), beta);
    return { y: y as tf.Tensor4D, mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D };
  },
  relu: (x) => tf.relu(x),
};

let current = plainKernels;

/** Makes all networks of this process use `kernels`. The trainer's engine calls it once, before any network is built. */
export function setKernels(kernels: Kernels): void {
  current = kernels;
}

export function kernels(): Kernels {
  return current;
}
