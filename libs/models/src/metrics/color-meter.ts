import { writeLab } from '../color/lab.js';
import { abRmse, abSquaredError } from './ab-error.js';
import { aucOf, countDistances, newAucCounts } from './auc.js';
import { chromaSum, chromaSum8 } from './chroma.js';
import { colorfulness } from './colorfulness.js';
import { deltaE2000, deltaE76 } from './delta-e.js';
import { psnrOf, rgbSquaredError } from './psnr.js';
import { ssimOfSize } from './ssim.js';

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

/** Metrics of the colours of a split; `metricCatalogue` says how each is measured. */
export interface ColorMetrics {
  abRmse: number;
  psnr: number;
  psnrPooled: number;
  ssim: number;
  deltaE76: number;
  deltaE2000: number;
  auc: number;
  aucRebalanced: number;
  colorfulnessGap: number;
  colorfulnessGapOfMeans: number;
  colorfulnessGapUnsigned: number;
  saturationRatio: number;
}

/** Measures images of one size, one after another; `read` gives the metrics of all that were added. */
export class ColorMeter {
  private images = 0;
  private pixels = 0;
  private readonly sums = {
    abSquared: 0,
    rgbSquared: 0,
    psnr: 0,
    ssim: 0,
    deltaE76: 0,
    deltaE2000: 0,
    predictedChroma: 0,
    trueChroma: 0,
    colorfulnessGap: 0,
    colorfulnessDifference: 0,
    unsignedDifference: 0,
  };
  private readonly distances = { counts: newAucCounts(), rebalanced: newAucCounts() };
  private readonly ssim: (one: Uint8Array, other: Uint8Array) => number;
  private readonly truthLab: Float64Array;
  private readonly predictedLab: Float64Array;

  /**
   * @param size side of the images, in pixels
   * @param weights of each 8-bit colour in the rebalanced AuC: see `aucWeights`
   */
  constructor(
    private readonly size: number,
    private readonly weights: Float64Array,
  ) {
    this.ssim = ssimOfSize(size);
    this.truthLab = new Float64Array(size * size * 3);
    this.predictedLab = new Float64Array(size * size * 3);
  }

  /** @throws RangeError when the image is of another size */
  add(image: ComparedImage): void {
    if (image.truthRgb.length !== this.truthLab.length) {
      throw new RangeError(`This meter compares images of ${this.size} x ${this.size} pixels.`);
    }
    this.images += 1;
    this.pixels += this.size ** 2;
    this.addAb(image);
    this.addRgb(image);
    this.addDeltaE(image);
  }

  read(): ColorMetrics {
    const { images, pixels, sums, distances } = this;
    return {
      abRmse: abRmse(sums.abSquared, 2 * pixels),
      psnr: sums.psnr / images,
      psnrPooled: psnrOf(sums.rgbSquared, 3 * pixels),
      ssim: sums.ssim / images,
      deltaE76: sums.deltaE76 / pixels,
      deltaE2000: sums.deltaE2000 / pixels,
      auc: aucOf(distances.counts),
      aucRebalanced: aucOf(distances.rebalanced),
      colorfulnessGap: sums.colorfulnessGap / images,
      colorfulnessGapOfMeans: Math.abs(sums.colorfulnessDifference) / images,
      colorfulnessGapUnsigned: Math.abs(sums.unsignedDifference) / images,
      saturationRatio: sums.predictedChroma / sums.trueChroma,
    };
  }

  private addAb({ truthAb, predictedAb }: ComparedImage): void {
    this.sums.abSquared += abSquaredError(predictedAb, truthAb).sum;
    this.sums.predictedChroma += chromaSum(predictedAb);
    this.sums.trueChroma += chromaSum8(truthAb);
    countDistances(predictedAb, truthAb, this.weights, this.distances);
  }

  private addRgb({ truthRgb, predictedRgb }: ComparedImage): void {
    const squared = rgbSquaredError(predictedRgb, truthRgb);
    this.sums.rgbSquared += squared;
    this.sums.psnr += psnrOf(squared, truthRgb.length);
    this.sums.ssim += this.ssim(predictedRgb, truthRgb);

    const [predicted, truth] = [colorfulness(predictedRgb), colorfulness(truthRgb)];
    this.sums.colorfulnessGap += Math.abs(predicted.signed - truth.signed);
    this.sums.colorfulnessDifference += predicted.signed - truth.signed;
    this.sums.unsignedDifference += predicted.unsigned - truth.unsigned;
  }

  private addDeltaE({ truthRgb, predictedRgb }: ComparedImage): void {
    const { truthLab: truth, predictedLab: predicted } = this;
    writeLab(truthRgb, truth);
    writeLab(predictedRgb, predicted);
    let [sum76, sum2000] = [0, 0];
    for (let at = 0; at < truth.length; at += 3) {
      const [l1, a1, b1] = [truth[at]!, truth[at + 1]!, truth[at + 2]!];
      const [l2, a2, b2] = [predicted[at]!, predicted[at + 1]!, predicted[at + 2]!];
      sum76 += deltaE76(l1, a1, b1, l2, a2, b2);
      sum2000 += deltaE2000(l1, a1, b1, l2, a2, b2);
    }
    this.sums.deltaE76 += sum76;
    this.sums.deltaE2000 += sum2000;
  }
}
