import { crossEntropy, kernels } from '@chromatune/models';
import * as tf from '@tensorflow/tfjs';

/**
 * Computes with the current backend and kernels what training is made of, on numbers that were worked out by hand.
 * Returns what is wrong, in words; takes some milliseconds. The bound leaves room for a GPU's shorter mantissas.
 */
export async function checkNumbers(): Promise<string[]> {
  const found = tf.tidy(() => [...convolution(), ...batchNorm(), ...upsampled(), ...softmaxEntropy()]);
  const problems: string[] = [];
  for (const { what, tensor, expected } of found) {
    const values = Array.from(await tensor.data());
    const isNear = (value: number, i: number) =>
      Math.abs(value - expected[i]!) <= 2e-3 * (1 + Math.abs(value));
    if (values.length !== expected.length || !values.every(isNear)) {
      problems.push(`${what} is [${values.join(', ')}], expected [${expected.join(', ')}]`);
    }
  }
  tf.dispose(found.map(({ tensor }) => tensor));
  return problems;
}

// A type, not an interface: only that is a container which tf.tidy looks into.
type Check = { what: string; tensor: tf.Tensor; expected: number[] };

function convolution(): Check[] {
  const image = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
  const filter = tf.tensor4d([1, 2, 3, 4], [2, 2, 1, 1]);
  const convolved = (x: tf.Tensor, w: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'valid');
  const [imageSlope, filterSlope] = tf.grads((x, w) => tf.sum(convolved(x!, w!)))([image, filter]);
  return [
    { what: 'a convolution', tensor: convolved(image, filter), expected: [37, 47, 67, 77] },
    { what: 'its gradient in x', tensor: imageSlope!, expected: [1, 3, 2, 4, 10, 6, 3, 7, 4] },
    { what: 'its gradient in the filter', tensor: filterSlope!, expected: [12, 16, 24, 28] },
  ];
}

/** Mean 2.5, variance 1.25, epsilon 0.3125: the deviation is 1.25 exactly. */
function batchNorm(): Check[] {
  const x = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
  const [gamma, beta] = [tf.tensor1d([2]), tf.tensor1d([1])];
  const first = tf.tensor4d([1, 0, 0, 0], [1, 2, 2, 1]);
  const normed = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) =>
    kernels().batchNorm(x as tf.Tensor4D, gamma as tf.Tensor1D, beta as tf.Tensor1D, 0.3125);
  const slopes = tf.grads((x, gamma, beta) => tf.sum(tf.mul(normed(x!, gamma!, beta!).y, first)));
  const [xSlope, gammaSlope, betaSlope] = slopes([x, gamma, beta]);
  const { y, mean, variance } = normed(x, gamma, beta);
  return [
    { what: 'a batch norm', tensor: y, expected: [-1.4, 0.2, 1.8, 3.4] },
    { what: 'its mean', tensor: mean, expected: [2.5] },
    { what: 'its variance', tensor: variance, expected: [1.25] },
    { what: 'its gradient in x', tensor: xSlope!, expected: [0.624, -0.592, -0.208, 0.176] },
    { what: 'its gradient in gamma', tensor: gammaSlope!, expected: [-1.2] },
    { what: 'its gradient in beta', tensor: betaSlope!, expected: [1] },
  ];
}

/** ReLU, pooling and upsampling in one: each gradient counts the pixels that the value reaches. */
function upsampled(): Check[] {
  const x = tf.tensor4d([-1, 2, 3, 1], [1, 2, 2, 1]);
  const chain = (x: tf.Tensor) => {
    const larger = tf.image.resizeNearestNeighbor(kernels().relu(x) as tf.Tensor4D, [4, 4]) as tf.Tensor4D;
    return tf.maxPool(larger, 3, 1, 'valid');
  };
  return [
    { what: 'ReLU, upsampling and pooling', tensor: chain(x), expected: [3, 3, 3, 3] },
    { what: 'their gradient', tensor: tf.grad((x) => tf.sum(chain(x)))(x), expected: [0, 0, 4, 0] },
  ];
}

/** One row of a single bin, one of two that share it. */
function softmaxEntropy(): Check[] {
  const logits = tf.tensor2d([0, Math.log(3), 0, 0], [2, 2]);
  const labels = {
    bins: tf.tensor2d([1, 0, 1, 0], [2, 2], 'int32'),
    weights: tf.tensor2d([1, 0, 0.25, 0.75], [2, 2]),
  };
  const losses = (x: tf.Tensor) => crossEntropy(x as tf.Tensor2D, labels);
  const slope = tf.grad((x) => tf.sum(losses(x)))(logits);
  return [
    { what: 'a cross entropy', tensor: losses(logits), expected: [Math.log(4 / 3), Math.log(2)] },
    { what: 'its gradient', tensor: slope, expected: [0.25, -0.25, -0.25, 0.25] },
  ];
}
