import { psnrOf } from '@chromatune/contracts/psnr';
import { imageMeasureNames } from './image-measures.js';

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

/** Makes metrics of the measures of images, all of one size. */
export class ColorMeter {
  private images = 0;
  private readonly sums = new Float64Array(imageMeasureNames.length);
  private colorfulnessGap = 0;

  /** Measures of one image or of several, one after another, in the order of `imageMeasureNames`. */
  add(measures: ArrayLike<number>): void {
    const count = this.sums.length;
    for (let first = 0; first < measures.length; first += count) {
      for (let index = 0; index < count; index++) this.sums[index]! += measures[first + index]!;
      const measure = (name: Name) => measures[first + placeOf(name)]!;
      this.colorfulnessGap += Math.abs(measure('predictedColorfulness') - measure('trueColorfulness'));
      this.images += 1;
    }
  }

  read(): ColorMetrics {
    const { images } = this;
    const mean = (name: Name) => this.sums[placeOf(name)]! / images;
    const pooled = mean('rgbSquaredError');
    return {
      abRmse: Math.sqrt(mean('abSquaredError')),
      psnr: mean('psnr'),
      // Where all are equal, as if one value of one image were off by one: each image's own is that of one of its values.
      psnrPooled: pooled === 0 ? mean('psnr') + 10 * Math.log10(images) : psnrOf(pooled),
      ssim: mean('ssim'),
      deltaE76: mean('deltaE76'),
      deltaE2000: mean('deltaE2000'),
      auc: mean('nearness'),
      aucRebalanced: mean('weightedNearness') / mean('weight'),
      colorfulnessGap: this.colorfulnessGap / images,
      colorfulnessGapOfMeans: Math.abs(mean('predictedColorfulness') - mean('trueColorfulness')),
      colorfulnessGapUnsigned: Math.abs(
        mean('predictedUnsignedColorfulness') - mean('trueUnsignedColorfulness'),
      ),
      saturationRatio: mean('predictedChroma') / mean('trueChroma'),
    };
  }
}

type Name = (typeof imageMeasureNames)[number];
const placeOf = (name: Name) => imageMeasureNames.indexOf(name);
