import { type CombinedRecipe } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { type Loss } from './loss.js';

/** Cross entropy + weight × error of ab. Both reach the encoder: neither head reads detached features. */
export function combinedLoss(
  { regressionWeight, decodeFrom }: Pick<CombinedRecipe, 'regressionWeight' | 'decodeFrom'>,
  { regression, classification }: { regression: Loss; classification: Loss },
): Loss {
  const parts: Loss['parts'] = (prediction, ab) => ({
    classification: classification.value(prediction, ab),
    regression: regression.value(prediction, ab),
  });
  return {
    value(prediction, ab) {
      const terms = parts(prediction, ab);
      return tf.add(terms.classification!, tf.mul(terms.regression!, regressionWeight));
    },
    parts,
    decode: decodeFrom === 'regression' ? regression.decode : classification.decode,
    measures: classification.measures,
    floor: classification.floor,
    bounds: classification.bounds,
    constants: [...classification.constants, ...regression.constants],
    dispose() {
      classification.dispose();
      regression.dispose();
    },
  };
}
