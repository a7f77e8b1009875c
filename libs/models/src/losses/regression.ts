import { type RegressionRecipe } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { type Loss } from './loss.js';

/** How ab becomes a number that the activation can reach: target = (ab + offset) / scale. */
const targetUnits: Record<RegressionRecipe['outputActivation'], { offset: number; scale: number }> = {
  linear: { offset: 0, scale: 110 }, // Zhang et al.'s ab_norm
  tanh: { offset: 0, scale: 110 }, // sRGB's largest |a| or |b| is 107.86, so every colour is within ±0.98
  sigmoid: { offset: 128, scale: 255 }, // the report's: 8-bit ab / 255, neutral at 0.502
};

/** Mean squared error of ab in target units: those of the output activation. */
export function regressionLoss({ outputActivation }: RegressionRecipe): Loss {
  const { offset, scale } = targetUnits[outputActivation];
  return {
    value({ ab }, truth) {
      const target = tf.div(tf.add(tf.cast(truth, 'float32'), offset - 128), scale);
      return tf.mean(tf.squaredDifference(ab!, target));
    },
    decode: ({ ab }) => tf.tidy(() => tf.sub(tf.mul(ab!, scale), offset)),
    constants: [],
    dispose() {},
  };
}
