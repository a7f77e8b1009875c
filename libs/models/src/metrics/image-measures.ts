import { psnrOfImage } from '@chromatune/contracts/psnr';
import { writeLab } from '../color/lab.js';
import { abSquaredError } from './ab-error.js';
import { nearnessOf } from './auc.js';
import { chromaSum, chromaSum8 } from './chroma.js';
import { colorfulness } from './colorfulness.js';
import { sumDeltaE2000, sumDeltaE76 } from './delta-e.js';
import { rgbSquaredError } from './psnr.js';
import { requireSameLength } from './same-length.js';
import { ssimOfSize } from './ssim.js';

/**
 * What is measured of one image, in this order; means over its pixels, and over components or channels where there are
 * several. `ColorMeter` makes metrics of it.
 */
export const imageMeasureNames = [
  'abSquaredError',
  'rgbSquaredError',
  'psnr',
  'ssim',
  'deltaE76',
  'deltaE2000',
  'predictedChroma',
  'trueChroma',
  'nearness',
  'weightedNearness',
  'weight',
  'predictedColorfulness',
  'trueColorfulness',
  'predictedUnsignedColorfulness',
  'trueUnsignedColorfulness',
] as const;

/** A square photograph and what was made of its lightness. */
export interface ComparedImage {
  /** The true ab, 8-bit, 2 a pixel. */
  truthAb: Uint8Array;
  /** As predicted, in ab units, not clipped to what sRGB can show. */
  predictedAb: Float32Array;
  /** Both as people see them: 8-bit sRGB, 3 a pixel, clipped. */
  truthRgb: Uint8Array;
  predictedRgb: Uint8Array;
}

/**
 * Measures images of `size` x `size`, one a call, as `imageMeasureNames` says, in float64. It keeps its working memory.
 * @param weights of each 8-bit colour in the rebalanced AuC: see `aucWeights`
 * @throws RangeError when an image is of another size
 */
export function imageMeasurer(size: number, weights: Float64Array): (image: ComparedImage) => Float64Array {
  const pixels = size * size;
  const ssim = ssimOfSize(size);
  const lab = { truth: new Float64Array(pixels * 3), predicted: new Float64Array(pixels * 3) };

  return (image) => {
    const { truthAb, predictedAb, truthRgb, predictedRgb } = image;
    if (truthRgb.length !== pixels * 3) {
      throw new RangeError(`Only images of ${size} x ${size} pixels can be measured here.`);
    }
    const squaredError = rgbSquaredError(predictedRgb, truthRgb);
    const [own, truth] = [colorfulness(predictedRgb), colorfulness(truthRgb)];
    return Float64Array.of(
      abSquaredError(predictedAb, truthAb).sum / (2 * pixels),
      squaredError / (3 * pixels),
      psnrOfImage(squaredError, 3 * pixels),
      ssim(predictedRgb, truthRgb),
      ...meanDeltaE(image, lab),
      chromaSum(predictedAb) / pixels,
      chromaSum8(truthAb) / pixels,
      ...meanNearness(image, weights),
      own.signed,
      truth.signed,
      own.unsigned,
      truth.unsigned,
    );
  };
}

function meanDeltaE(
  { truthRgb, predictedRgb }: ComparedImage,
  { truth, predicted }: { truth: Float64Array; predicted: Float64Array },
): [deltaE76: number, deltaE2000: number] {
  writeLab(truthRgb, truth);
  writeLab(predictedRgb, predicted);
  const pixels = truth.length / 3;
  return [sumDeltaE76(truth, predicted) / pixels, sumDeltaE2000(truth, predicted) / pixels];
}

function meanNearness(
  { truthAb, predictedAb }: ComparedImage,
  weights: Float64Array,
): [nearness: number, weightedNearness: number, weight: number] {
  requireSameLength(predictedAb, truthAb);
  let sum = 0;
  let weighted = 0;
  let total = 0;
  for (let at = 0; at < truthAb.length; at += 2) {
    const a = predictedAb[at]! - (truthAb[at]! - 128);
    const b = predictedAb[at + 1]! - (truthAb[at + 1]! - 128);
    const nearness = nearnessOf(Math.sqrt(a * a + b * b));
    const weight = weights[(truthAb[at]! << 8) | truthAb[at + 1]!]!;
    sum += nearness;
    weighted += nearness * weight;
    total += weight;
  }
  const pixels = truthAb.length / 2;
  return [sum / pixels, weighted / pixels, total / pixels];
}
