import * as tf from '@tensorflow/tfjs';

// PyTorch has channels before rows and columns, TensorFlow after them. Filters lie as (out, in, height, width) there and as
// (height, width, in, out) here; for a transposed convolution both swap in and out, so that the same permutation serves.

/** The name that PyTorch gives to our `encoder/layer1/0/conv1/weight`. */
export const torchName = (name: string): string => name.replaceAll('/', '.');

/** The shape that PyTorch gives to a weight of ours. */
export const torchShape = (shape: readonly number[]): number[] =>
  shape.length === 4 ? [shape[3]!, shape[2]!, shape[0]!, shape[1]!] : [...shape];

/** A weight whose values are in PyTorch's order, as a tensor of `shape` in ours. */
export const weightFromTorch = (values: Float32Array, shape: readonly number[]): tf.Tensor =>
  tf.tidy(() => {
    const given = tf.tensor(values, torchShape(shape));
    return shape.length === 4 ? tf.transpose(given, [2, 3, 1, 0]) : given;
  });

/** The values of a weight or of its gradient, in PyTorch's order. */
export const weightInTorchOrder = (weight: tf.Tensor): Float32Array =>
  tf.tidy(() => (weight.rank === 4 ? tf.transpose(weight, [3, 2, 0, 1]) : weight).dataSync<'float32'>());

/** Images in PyTorch's order, as a tensor of ours: [n, height, width, channels]. */
export const imagesFromTorch = (values: Float32Array, shape: [number, number, number, number]): tf.Tensor4D =>
  tf.tidy(() => tf.transpose(tf.tensor4d(values, shape), [0, 2, 3, 1]));

/** The values of images, features or predictions, in PyTorch's order. */
export const imagesInTorchOrder = (images: tf.Tensor4D): Float32Array =>
  tf.tidy(() => tf.transpose(images, [0, 3, 1, 2]).dataSync<'float32'>());
