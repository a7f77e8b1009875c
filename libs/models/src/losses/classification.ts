import { type ClassificationRecipe } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { makeBins } from '../color/bins.js';
import { kernels } from '../kernels.js';
import { type Loss } from './loss.js';

/**
 * Cross entropy over colour bins, hard-encoded: the bin nearest to the pixel's ab is the right one. At quarter resolution
 * the target is every fourth pixel of every fourth row, not averaged, as Zhang et al. do.
 */
export function classificationLoss(recipe: ClassificationRecipe): Loss {
  const bins = makeBins(recipe.binGridSize, recipe.binSet);
  const stride = recipe.headResolution === 'quarter' ? 4 : 1;
  const temperature = recipe.decoding.type === 'annealed-mean' ? recipe.decoding.temperature : 1;
  const nearest = tf.tensor1d(Int32Array.from(bins.binOf), 'int32');
  const centers = tf.tensor2d(Array.from(bins.a, (a, bin) => [a, bins.b[bin]!]));

  return {
    value({ logits }, ab) {
      const labels = tf.gather(nearest, indexOfColor(everyNth(ab, stride)));
      const rows = logits!.reshape([-1, bins.count]) as tf.Tensor2D;
      return tf.mean(kernels().crossEntropy(rows, labels as tf.Tensor1D));
    },

    /** The annealed mean of Zhang et al.; softmax(logits / T) is their exp(log z / T) / Σ of z = softmax(logits). */
    decode({ logits }) {
      return tf.tidy(() => {
        const [images, height, width] = logits!.shape;
        const rows = logits!.reshape([-1, bins.count]) as tf.Tensor2D;
        const probabilities = tf.softmax(tf.div(rows, temperature));
        const ab = tf.matMul(probabilities, centers).reshape([images, height, width, 2]) as tf.Tensor4D;
        // PyTorch's bilinear (align_corners=False). Its gradient is wrong in TensorFlow.js, and not wanted here.
        return stride === 1
          ? ab
          : tf.image.resizeBilinear(ab, [height * stride, width * stride], false, true);
      });
    },

    constants: [nearest, centers],
    dispose: () => tf.dispose([nearest, centers]),
  };
}

/** Every pixel's place in a table of all 8-bit colours: a * 256 + b, flat. */
function indexOfColor(ab: tf.Tensor4D): tf.Tensor1D {
  const [a, b] = tf.unstack(ab.reshape([-1, 2]), 1) as [tf.Tensor1D, tf.Tensor1D];
  return tf.add(tf.mul(a, tf.scalar(256, 'int32')), b);
}

function everyNth(ab: tf.Tensor4D, stride: number): tf.Tensor4D {
  if (stride === 1) return ab;
  return tf.stridedSlice(ab, [0, 0, 0, 0], ab.shape, [1, stride, stride, 1]) as tf.Tensor4D;
}
