import { type Recipe } from '@chromatune/contracts';
import type * as tf from '@tensorflow/tfjs';
import { type Batch } from '../training/step.js';
import { classificationLoss } from './classification.js';
import { regressionLoss } from './regression.js';

/** What a network is trained towards, and how its output becomes colour. All methods are pure; the caller frees. */
export interface Loss {
  /** What the network should put out for a batch: ab in target units, or the number of the right bin. */
  targets(batch: Pick<Batch, 'ab' | 'images' | 'size'>): tf.Tensor;
  /** Mean over pixels (and over both components of ab), so that it depends neither on batch size nor on image size. */
  loss(prediction: tf.Tensor4D, targets: tf.Tensor): tf.Scalar;
  /** ab of each pixel of the image, in ab units: [n, size, size, 2]. Not clipped to what sRGB can show. */
  decode(prediction: tf.Tensor4D): tf.Tensor4D;
}

export function makeLoss({ loss }: Pick<Recipe, 'loss'>): Loss {
  return loss.type === 'regression' ? regressionLoss(loss) : classificationLoss(loss);
}
