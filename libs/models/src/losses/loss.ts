import { type LossRecipe, type ModelRecipe } from '@chromatune/contracts';
import type * as tf from '@tensorflow/tfjs';
import { type Prediction } from '../networks/prediction.js';
import { classificationLoss } from './classification.js';
import { combinedLoss } from './combined.js';
import { type ColorCounts, type LossBounds } from './floor.js';
import { regressionLoss } from './regression.js';

/**
 * What a network is trained towards, and how its output becomes colour. All methods are made of tensor operations alone, so
 * that they can be recorded as a graph: they never look at a number. The caller frees what they return.
 */
export interface Loss {
  /**
   * Loss of a batch: of each image as the recipe reduces it (the mean over its pixels, or their sum), averaged over the
   * images, so that it never depends on the batch size. Differentiable in the prediction.
   * @param ab the true colours, int32 [n, size, size, 2], 8-bit
   */
  value(prediction: Prediction, ab: tf.Tensor4D): tf.Scalar;
  /** The terms of a combined loss, reduced as `value` is, the regression not yet weighted. Other losses have none. */
  parts(prediction: Prediction, ab: tf.Tensor4D): Partial<Record<'classification' | 'regression', tf.Scalar>>;
  /** ab of each pixel of the image, in ab units: [n, size, size, 2]. Not clipped to what sRGB can show. */
  decode(prediction: Prediction): tf.Tensor4D;
  /**
   * How well a classification head knows the bins, means over its pixels; empty without one. `top1`, `top5`: share of the
   * pixels whose bin is the most probable, or among the five most probable (of equally probable ones that of the lower
   * index comes first). `entropy` of the predicted distributions, in nats.
   */
  measures(prediction: Prediction, ab: tf.Tensor4D): Partial<Record<LossMeasure, tf.Scalar>>;
  /**
   * What `value` of the whole training split cannot go below, whatever the network: 0 for most losses, not for soft labels
   * (their own entropy) nor for a double softmax. Null where the colours of the training split would be needed to say it.
   */
  floor: number | null;
  /**
   * What is known of `value` on pixels of these colours before any training; of a combined loss, of its classification.
   * Null for a regression.
   */
  bounds(counts: ColorCounts): LossBounds | null;
  /** Tensors that live as long as the loss: a recording embeds them. */
  constants: tf.Tensor[];
  dispose(): void;
}

/** The part of a recipe that makes a loss. */
export interface LossOfImages {
  loss: LossRecipe;
  model: Pick<ModelRecipe, 'imageSize'>;
}

export type LossMeasure = 'top1' | 'top5' | 'entropy';

/**
 * @param abCounts how often each 8-bit colour occurs in the training split, at index a8 * 256 + b8; rebalancing needs it
 * @throws Error when a rebalanced loss gets none
 */
export function makeLoss(
  { loss, model }: LossOfImages,
  { abCounts }: { abCounts?: Float64Array } = {},
): Loss {
  const { imageSize } = model;
  if (loss.type === 'regression') return regressionLoss(loss);
  if (loss.type === 'classification') return classificationLoss(loss, { imageSize, abCounts });
  return combinedLoss(loss, {
    regression: regressionLoss(loss.regression),
    classification: classificationLoss(loss.classification, { imageSize, abCounts }),
  });
}
