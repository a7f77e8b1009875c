import * as tf from '@tensorflow/tfjs';
import { type Recipe } from '@chromatune/contracts';

export type AdamOptions = Omit<Extract<Recipe['optimizer'], { type: 'adam' }>, 'type' | 'weightDecay'>;

/** Parameters and moments, each as one flat vector. */
export interface AdamState {
  weights: tf.Tensor1D;
  m: tf.Tensor1D;
  v: tf.Tensor1D;
}

/**
 * One update of Adam with PyTorch's semantics (`torch.optim.Adam`, no weight decay): moments corrected for their bias,
 * epsilon added after the root. `step` counts from 1. The root's bias correction is multiplied out, which saves an
 * operation a weight. Call it in a tidy; it disposes nothing.
 */
export function adamUpdate(
  { weights, m, v }: AdamState,
  gradient: tf.Tensor1D,
  step: number,
  { learningRate, beta1, beta2, epsilon }: AdamOptions,
): AdamState {
  const rootOfCorrection = Math.sqrt(1 - beta2 ** step);
  const stepSize = (learningRate * rootOfCorrection) / (1 - beta1 ** step);

  const nextM: tf.Tensor1D = tf.add(tf.mul(m, beta1), tf.mul(gradient, 1 - beta1));
  const nextV: tf.Tensor1D = tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), 1 - beta2));
  const change = tf.div(nextM, tf.add(tf.sqrt(nextV), epsilon * rootOfCorrection));
  return { weights: tf.sub(weights, tf.mul(change, stepSize)), m: nextM, v: nextV };
}
