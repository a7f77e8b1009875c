import { type LossRecipe } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { encodeBins, makeBins } from '../color/bins.js';
import { kernels } from '../kernels.js';
import { type Loss } from './loss.js';

type ClassificationRecipe = Extract<LossRecipe, { type: 'classification' }>;

/**
 * Cross entropy over colour bins, hard-encoded: the bin nearest to the pixel's ab is the right one. At quarter resolution
 * the target is every fourth pixel of every fourth row, not averaged, as Zhang et al. do.
 */
export function classificationLoss(recipe: ClassificationRecipe): Loss {
  const bins = makeBins(recipe.binGridSize, recipe.binSet);
  const centers = Array.from(bins.a, (a, bin) => [a, bins.b[bin]!]);
  const stride = recipe.headResolution === 'quarter' ? 4 : 1;

  return {
    targets({ ab, images, size }) {
      const side = size / stride;
      return tf.tensor(encodeBins(everyNth(ab, images, size, stride), bins), [images, side, side], 'int32');
    },

    loss(prediction, targets) {
      const logits = prediction.reshape([-1, bins.count]) as tf.Tensor2D;
      return tf.mean(kernels().crossEntropy(logits, targets.reshape([-1]) as tf.Tensor1D));
    },

    /** The annealed mean of Zhang et al.; softmax(logits / T) is their exp(log z / T) / Σ of z = softmax(logits). */
    decode(prediction) {
      return tf.tidy(() => {
        const [images, height, width] = prediction.shape;
        const logits = prediction.reshape([-1, bins.count]) as tf.Tensor2D;
        const probabilities = tf.softmax(tf.div(logits, recipe.decodeTemperature));
        const ab = tf.matMul(probabilities, tf.tensor2d(centers)).reshape([images, height, width, 2]);
        // PyTorch's bilinear (align_corners=False). Its gradient is wrong in TensorFlow.js, and not wanted here.
        return stride === 1
          ? (ab as tf.Tensor4D)
          : tf.image.resizeBilinear(ab as tf.Tensor4D, [height * stride, width * stride], false, true);
      });
    },
  };
}

function everyNth(ab: Uint8Array, images: number, size: number, stride: number): Uint8Array {
  if (stride === 1) return ab;
  const side = size / stride;
  const kept = new Uint8Array(images * side * side * 2);
  let to = 0;
  for (let image = 0; image < images; image++) {
    for (let y = 0; y < size; y += stride) {
      for (let x = 0; x < size; x += stride) {
        const from = ((image * size + y) * size + x) * 2;
        kept[to++] = ab[from]!;
        kept[to++] = ab[from + 1]!;
      }
    }
  }
  return kept;
}
