import { type RegressionRecipe } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { type Loss } from './loss.js';

/** How ab becomes a number that the activation can reach: target = (ab + offset) / scale. */
const targetUnits: Record<RegressionRecipe['outputActivation'], { offset: number; scale: number }> = {
  linear: { offset: 0, scale: 110 }, // Zhang et al.'s ab_norm
  tanh: { offset: 0, scale: 110 }, // sRGB's largest |a| or |b| is 107.86, so every colour is within ±0.98
  sigmoid: { offset: 128, scale: 255 }, // the report's: 8-bit ab / 255, neutral at 0.502
};

/**
 * Error of ab in target units, those of the output activation: squared, or PyTorch's Huber loss, whose delta is given in ab
 * units and so means the same colours with every activation.
 */
export function regressionLoss({ outputActivation, penalty, reduction }: RegressionRecipe): Loss {
  const { offset, scale } = targetUnits[outputActivation];
  return {
    value({ ab }, truth) {
      const target = tf.div(tf.add(tf.cast(truth, 'float32'), offset - 128), scale);
      const errors =
        penalty.type === 'mse'
          ? tf.squaredDifference(ab!, target)
          : huber(tf.sub(ab!, target), penalty.delta / scale);
      return reduction === 'mean' ? tf.mean(errors) : tf.div(tf.sum(errors), ab!.shape[0]);
    },
    decode: ({ ab }) => tf.tidy(() => tf.sub(tf.mul(ab!, scale), offset)),
    parts: () => ({}),
    measures: () => ({}),
    floor: 0,
    bounds: () => null,
    constants: [],
    dispose() {},
  };
}

/** d² / 2 where |d| <= δ, else δ (|d| - δ / 2): with c = d clipped to ±δ, both are c (d - c / 2). */
function huber(difference: tf.Tensor, delta: number): tf.Tensor {
  const clipped = tf.clipByValue(difference, -delta, delta);
  return tf.mul(clipped, tf.sub(difference, tf.div(clipped, 2)));
}
