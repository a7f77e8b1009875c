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
  /**
   * -log softmax(logits)[label] of each row: logits (n, classes), labels int32 (n), result (n); differentiable in the
   * logits. An engine may leave it out.
   */
  crossEntropy?(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D;
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

  crossEntropy: (logits, labels) => crossEntropyWithGradient(logits, labels) as tf.Tensor1D,
};

/** With its own gradient, softmax - one-hot: TensorFlow.js would keep five tensors of the logits' size. */
const crossEntropyWithGradient = tf.customGrad((logits, labels, save) => {
  const [input, label] = [logits as tf.Tensor2D, labels as tf.Tensor1D];
  const [rows, classes] = input.shape;
  const chosen = tf.gatherND(input, tf.stack([tf.range(0, rows, 1, 'int32'), label], 1));
  (save as tf.GradSaveFunc)([input, label]);
  return {
    value: tf.sub(tf.logSumExp(input, 1), chosen),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [savedLogits, savedLabels] = saved as [tf.Tensor2D, tf.Tensor1D];
      const difference = tf.sub(tf.softmax(savedLogits), tf.oneHot(savedLabels, classes, 1, 0, 'float32'));
      return [tf.mul(difference, tf.expandDims(dy, 1)), tf.zerosLike(savedLabels)];
    },
  };
});

let current: Required<Kernels> = plainKernels;

/** Makes all networks of this process use `kernels`. The trainer's engine calls it once, before any network is built. */
export function setKernels(kernels: Kernels): void {
  current = { ...plainKernels, ...kernels };
}

export function kernels(): Required<Kernels> {
  return current;
}
