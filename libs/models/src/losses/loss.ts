import { type Recipe } from '@chromatune/contracts';
import type * as tf from '@tensorflow/tfjs';
import { type Prediction } from '../networks/prediction.js';
import { classificationLoss } from './classification.js';
import { regressionLoss } from './regression.js';

/**
 * What a network is trained towards, and how its output becomes colour. All methods are made of tensor operations alone, so
 * that they can be recorded as a graph: they never look at a number. The caller frees what they return.
 */
export interface Loss {
  /**
   * Loss of a batch: of each image as the recipe reduces it, averaged over the images, so that it never depends on the
   * batch size. Differentiable in the prediction.
   * @param ab the true colours, int32 [n, size, size, 2], 8-bit
   */
  value(prediction: Prediction, ab: tf.Tensor4D): tf.Scalar;
  /** ab of each pixel of the image, in ab units: [n, size, size, 2]. Not clipped to what sRGB can show. */
  decode(prediction: Prediction): tf.Tensor4D;
  /** Tensors that live as long as the loss: a recording embeds them. */
  constants: tf.Tensor[];
  dispose(): void;
}

export function makeLoss({ loss }: Pick<Recipe, 'loss'>): Loss {
  if (loss.type === 'combined') throw new Error('The combined loss is not a loss of one head.');
  return loss.type === 'regression' ? regressionLoss(loss) : classificationLoss(loss);
}
