import { type ClassificationRecipe } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { cellsOf } from '../kernels.js';
import { isColored } from './colored.js';
import { crossEntropy, logSumExp } from './cross-entropy.js';
import { colorTables, floorOfPixel, lossBounds, pixelsAdded } from './floor.js';
import { type Loss } from './loss.js';

/**
 * Cross entropy over colour bins of a head's softmax, or, with `doubleSoftmax`, of the softmax of that. At quarter
 * resolution the target is every fourth pixel of every fourth row, not averaged, as Zhang et al. do.
 */
export function classificationLoss(
  recipe: ClassificationRecipe,
  { imageSize, abCounts }: { imageSize: number; abCounts?: Float64Array | undefined },
): Loss {
  const tables = colorTables(recipe, abCounts);
  const { bins, labels, importance } = tables;
  const stride = recipe.headResolution === 'quarter' ? 4 : 1;
  const labelBins = tf.tensor2d(labels.bins, [256 * 256, labels.perColor], 'int32');
  const labelWeights = tf.tensor2d(labels.weights, [256 * 256, labels.perColor]);
  const centers = tf.tensor2d(Array.from(bins.a, (a, bin) => [a, bins.b[bin]!]));
  const weights = importance && tf.tensor1d(Float32Array.from(importance));
  const constants = [labelBins, labelWeights, centers, ...(weights ? [weights] : [])];
  const floor = floorOfPixel(tables, abCounts);
  const decodeRows = rowDecoders[recipe.decoding.type];

  return {
    value({ logits }, ab) {
      const rows = rowsOf(logits!);
      const colors = colorsOf(ab, stride);
      const losses = crossEntropy(recipe.doubleSoftmax ? tf.softmax(rows) : rows, {
        bins: tf.gather(labelBins, colors),
        weights: tf.gather(labelWeights, colors),
      });
      const weighted = weights ? weigh(losses, tf.gather(weights, colors), ab) : losses;
      return recipe.reduction === 'mean' ? tf.mean(weighted) : tf.div(tf.sum(weighted), ab.shape[0]);
    },

    decode({ logits }) {
      return tf.tidy(() => {
        const [images, height, width] = logits!.shape;
        const rows = decodeRows(rowsOf(logits!), centers, recipe.decoding);
        const ab = rows.reshape([images, height, width, 2]) as tf.Tensor4D;
        // PyTorch's bilinear (align_corners=False). Its gradient is wrong in TensorFlow.js, and not wanted here.
        return stride === 1
          ? ab
          : tf.image.resizeBilinear(ab, [height * stride, width * stride], false, true);
      });
    },

    measures({ logits }, ab) {
      return tf.tidy(() => {
        const rows = rowsOf(logits!);
        const labels = tf.gather(labelBins, colorsOf(ab, stride));
        const rank = rankOf(tf.slice(labels, [0, 0], [-1, 1]), rows);
        const share = (ranks: number) => tf.mean(tf.cast(tf.less(rank, ranks), 'float32')) as tf.Scalar;
        return { top1: share(1), top5: share(5), entropy: meanEntropy(rows) };
      });
    },

    parts: () => ({}),
    floor: floor === null ? null : floor * pixelsAdded(recipe, imageSize),
    bounds: (counts) => lossBounds(tables, imageSize, counts),
    constants,
    dispose: () => tf.dispose(constants),
  };

  function weigh(losses: tf.Tensor1D, weights: tf.Tensor1D, ab: tf.Tensor4D): tf.Tensor1D {
    if (recipe.rebalancing.type === 'paper') return tf.mul(losses, weights);
    return weighGradient(losses, tf.mul(weights, repeatPerPixel(isColored(ab), weights.size)));
  }
}

type RowDecoder = (
  logits: tf.Tensor2D,
  centers: tf.Tensor2D,
  decoding: ClassificationRecipe['decoding'],
) => tf.Tensor2D;

/** One colour of each row of logits. */
const rowDecoders: Record<ClassificationRecipe['decoding']['type'], RowDecoder> = {
  /** Of Zhang et al.; softmax(logits / T) is their exp(log z / T) / Σ of z = softmax(logits). */
  'annealed-mean': (logits, centers, decoding) => {
    const { temperature } = decoding as Extract<typeof decoding, { type: 'annealed-mean' }>;
    return tf.matMul(tf.softmax(tf.div(logits, temperature)), centers);
  },
  mean: (logits, centers) => tf.matMul(tf.softmax(logits), centers),
  argmax: (logits, centers) => tf.gather(centers, tf.argMax(logits, 1)),
};

const rowsOf = (logits: tf.Tensor4D): tf.Tensor2D => logits.reshape([-1, logits.shape[3]]);

/** Place of every nth pixel of every nth row in a table of all 8-bit colours: a * 256 + b, flat. */
function colorsOf(ab: tf.Tensor4D, stride: number): tf.Tensor1D {
  const [a, b] = tf.unstack(everyNth(ab, stride), 1) as [tf.Tensor1D, tf.Tensor1D];
  return tf.add(tf.mul(a, tf.scalar(256, 'int32')), b);
}

/** (pixels, 2). By two slices, because the WebAssembly backend's stridedSlice takes integers for floats. */
function everyNth(ab: tf.Tensor4D, stride: number): tf.Tensor2D {
  const width = ab.shape[2];
  const rows = tf.slice(ab.reshape<tf.Tensor2D>([-1, stride * width * 2]), [0, 0], [-1, width * 2]);
  return tf.slice(rows.reshape<tf.Tensor2D>([-1, stride * 2]), [0, 0], [-1, 2]);
}

function repeatPerPixel(ofImages: tf.Tensor1D, pixels: number): tf.Tensor1D {
  const images = ofImages.size;
  return tf.tile(ofImages.expandDims(1), [1, pixels / images]).flatten();
}

/** x itself, whose gradient is multiplied by the weights: the released code trains with them, and prints the loss without. */
const weighGradient = (x: tf.Tensor1D, weights: tf.Tensor1D) => weightedGradient(x, weights) as tf.Tensor1D;

const weightedGradient = tf.customGrad((...inputs) => {
  const [x, weights, save] = inputs as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
  save([weights]);
  return {
    value: tf.clone(x),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [tf.mul(dy, saved[0]!), tf.zerosLike(saved[0]!)],
  };
});

/**
 * How many bins of its row come before each label (rows, 1): the more probable ones, then those of a lower index. Counted are
 * those that do not, so that all come before a label whose logit is NaN.
 */
function rankOf(labels: tf.Tensor2D, logits: tf.Tensor2D): tf.Tensor1D {
  const own = tf.gatherND(logits, cellsOf(labels)); // gather with batchDims is wrong on the WebAssembly backend
  const bins = logits.shape[1];
  const following = tf.range(1, bins + 1, 1, 'int32').expandDims(0);
  const isLaterEqual = tf.logicalAnd(tf.equal(logits, own), tf.less(labels, following));
  const notBefore = tf.sum(tf.cast(tf.logicalOr(tf.less(logits, own), isLaterEqual), 'int32'), 1);
  return tf.sub(bins, notBefore);
}

/** -Σ p log p with log p = logit - log Σ exp, so that a p of 0 is no trouble. */
function meanEntropy(logits: tf.Tensor2D): tf.Scalar {
  const softmax = tf.softmax(logits);
  const logs = tf.sub(logits, tf.expandDims(logSumExp(logits, softmax), 1));
  return tf.neg(tf.mean(tf.sum(tf.mul(softmax, logs), 1)));
}
