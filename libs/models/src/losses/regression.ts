import { type LossRecipe } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { mapBytes } from '../training/map-bytes.js';
import { type Loss } from './loss.js';

type RegressionRecipe = Extract<LossRecipe, { type: 'regression' }>;

/** How ab becomes a number that the activation can reach: target = (ab + offset) / scale. */
const targetUnits: Record<RegressionRecipe['outputActivation'], { offset: number; scale: number }> = {
  linear: { offset: 0, scale: 110 }, // Zhang et al.'s ab_norm
  tanh: { offset: 0, scale: 110 }, // sRGB's largest |a| or |b| is 107.86, so every colour is within ±0.98
  sigmoid: { offset: 128, scale: 255 }, // the report's: 8-bit ab / 255, neutral at 0.502
};

/** Mean squared error of ab in target units: those of the output activation. */
export function regressionLoss({ outputActivation }: RegressionRecipe): Loss {
  const { offset, scale } = targetUnits[outputActivation];
  const targetOf = Float32Array.from({ length: 256 }, (_, ab8) => (ab8 - 128 + offset) / scale);
  return {
    targets: ({ ab, images, size }) => tf.tensor4d(mapBytes(ab, targetOf), [images, size, size, 2]),
    loss: (prediction, targets) => tf.mean(tf.squaredDifference(prediction, targets)),
    decode: (prediction) => tf.tidy(() => tf.sub(tf.mul(prediction, scale), offset)),
  };
}
