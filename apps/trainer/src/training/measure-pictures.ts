import { lab8ToSrgb, paintLightness } from '@chromatune/data/lab';
import type { Batch } from '@chromatune/models';
import { imageMeasureNames, imageMeasurer } from '@chromatune/models/measures';

export interface MeasureOptions {
  /** Side of the images in pixels. */
  size: number;
  /** Weight of each 8-bit colour in the rebalanced AuC: see `aucWeights`. */
  weights: Float64Array;
}

/** To a thread that measures. */
export interface ToMeasure {
  request: number;
  batch: Batch;
  predicted: Float32Array;
}

/** From it. */
export interface Measured {
  request: number;
  measures: Float64Array;
}

/** Measures how predicted colours of images compare with the true ones, painted on their lightness: one after another. */
export function pictureMeasurer({ size, weights }: MeasureOptions) {
  const { measure } = imageMeasurer(size, weights);
  return (batch: Batch, predicted: Float32Array): Float64Array => {
    const measures = new Float64Array(batch.images * imageMeasureNames.length);
    for (let image = 0; image < batch.images; image++) {
      measures.set(measure(predictedImage(batch, predicted, image)), image * imageMeasureNames.length);
    }
    return measures;
  };
}

/** One image of a batch as people see it, truly and as predicted. */
export function paintedImage(batch: Batch, predicted: Float32Array, image: number) {
  const { l, truthAb, predictedAb } = predictedImage(batch, predicted, image);
  return {
    truthAb,
    predictedAb,
    truthRgb: lab8ToSrgb(l, truthAb, l.length),
    predictedRgb: paintLightness(l, predictedAb, l.length),
  };
}

/** One image of a batch: views of its lightness, its true colours and its predicted ones. */
export function predictedImage({ l, ab, size }: Batch, predicted: Float32Array, image: number) {
  const pixels = size ** 2;
  const [from, to] = [image * pixels, (image + 1) * pixels];
  return {
    l: l.subarray(from, to),
    truthAb: ab.subarray(from * 2, to * 2),
    predictedAb: predicted.subarray(from * 2, to * 2),
  };
}
