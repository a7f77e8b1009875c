import { psnrOfImage } from '@chromatune/contracts/psnr';
import { colorfulness } from './colorfulness.js';
import { PictureKernel } from './picture-kernel.js';

/**
 * What is measured of one image, in this order; means over its pixels, and over components or channels where there are
 * several. Where a predicted colour is not finite, all but the measures of the truth are NaN. `ColorMeter` makes metrics of it.
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

/** A square photograph and the colours predicted for its lightness. */
export interface PredictedImage {
  /** 8-bit, 1 a pixel. */
  l: Uint8Array;
  /** The true ab, 8-bit, 2 a pixel. */
  truthAb: Uint8Array;
  /** As predicted, in ab units, not clipped to what sRGB can show. */
  predictedAb: Float32Array;
}

/** The same, painted already. */
export interface PaintedImage extends Omit<PredictedImage, 'l'> {
  /** Both as people see them: 8-bit sRGB, 3 a pixel, clipped. */
  truthRgb: Uint8Array;
  predictedRgb: Uint8Array;
}

export interface ImageMeasurer {
  /** Paints the photograph with its true and with its predicted colours, and measures them. */
  measure(image: PredictedImage): Float64Array;
  measurePainted(image: PaintedImage): Float64Array;
}

/**
 * Measures images of `size` x `size`, one a call, as `imageMeasureNames` says. It keeps its working memory.
 * @param weights of each 8-bit colour in the rebalanced AuC: see `aucWeights`
 * @throws RangeError when an image is of another size, or the size below 11
 */
export function imageMeasurer(size: number, weights: Float64Array): ImageMeasurer {
  const kernel = new PictureKernel(size);
  kernel.weights.set(weights);
  const fill = <T extends Uint8Array | Float32Array>(array: T, values: T) => {
    if (values.length !== array.length) {
      throw new RangeError(`Only images of ${size} x ${size} pixels can be measured here.`);
    }
    array.set(values);
  };

  return {
    measure({ l, truthAb, predictedAb }) {
      fill(kernel.l, l);
      fill(kernel.truthAb, truthAb);
      fill(kernel.predictedAb, predictedAb);
      kernel.paint();
      return measuresOf(kernel);
    },
    measurePainted({ truthAb, predictedAb, truthRgb, predictedRgb }) {
      fill(kernel.truthAb, truthAb);
      fill(kernel.predictedAb, predictedAb);
      fill(kernel.truthRgb, truthRgb);
      fill(kernel.predictedRgb, predictedRgb);
      return measuresOf(kernel);
    },
  };
}

function measuresOf(kernel: PictureKernel): Float64Array {
  const pixels = kernel.size ** 2;
  const ab = kernel.compareAb();
  const rgb = kernel.compareRgb();
  const own = colorfulness(rgb.predicted, pixels);
  const truth = colorfulness(rgb.truth, pixels);
  const measures = Float64Array.of(
    ab.squaredError / (2 * pixels),
    rgb.squaredError / (3 * pixels),
    psnrOfImage(rgb.squaredError, 3 * pixels),
    kernel.ssim(),
    rgb.deltaE76 / pixels,
    rgb.deltaE2000 / pixels,
    ab.predictedChroma / pixels,
    ab.trueChroma / pixels,
    ab.nearness / pixels,
    ab.weightedNearness / pixels,
    ab.weight / pixels,
    own.signed,
    truth.signed,
    own.unsigned,
    truth.unsigned,
  );
  // What is no number is painted all the same, as black: measures of that picture would look sound.
  if (!Number.isFinite(ab.squaredError)) for (const place of placesOfPrediction) measures[place] = Number.NaN;
  return measures;
}

const ofTruthAlone: readonly string[] = [
  'trueChroma',
  'weight',
  'trueColorfulness',
  'trueUnsignedColorfulness',
];
const placesOfPrediction = imageMeasureNames.flatMap((name, place) =>
  ofTruthAlone.includes(name) ? [] : [place],
);
