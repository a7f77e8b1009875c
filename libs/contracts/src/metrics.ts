import { z } from 'zod';

/**
 * Metrics that every run records. The unit and protocol stand here once, for every screen and export; `protocolOf` adds what
 * holds for all of a validation.
 */
export const metricCatalogue = {
  'train/loss': {
    unit: '',
    per: 'step',
    better: 'lower',
    label: 'train loss',
    protocol:
      'Loss of the batch: of each image the mean over its pixels, or with lossReduction sum their sum, averaged over the images. Rebalancing as in the paper weighs each pixel, that of the released code only its gradient.',
  },
  'train/learningRate': {
    unit: '',
    per: 'epoch',
    better: null,
    label: 'learning rate',
    protocol: 'Rate of the optimizer at the end of the epoch.',
  },
  'train/gradientNorm': {
    unit: '',
    per: 'epoch',
    better: null,
    label: 'gradient norm',
    protocol: "Norm of the whole gradient before clipping, mean over the epoch's steps.",
  },
  'train/imagesPerSecond': {
    unit: 'images/s',
    per: 'epoch',
    better: 'higher',
    label: 'images per second',
    protocol: 'Training images of the epoch over its training time, validation and samples not counted.',
  },
  'train/dataWait': {
    unit: '',
    per: 'epoch',
    better: 'lower',
    label: 'waiting for data',
    protocol: "Share of the epoch's training time in which the step waited for its batch.",
  },
  'system/memoryBytes': {
    unit: 'B',
    per: 'epoch',
    better: 'lower',
    label: 'memory',
    protocol: 'Resident memory of the training process at the end of the epoch.',
  },
  'validation/loss': {
    unit: '',
    per: 'epoch',
    better: 'lower',
    label: 'validation loss',
    protocol:
      'The training loss, reduced and weighed alike, of the validation split. Not comparable across losses, bin grids, rebalancing or reductions.',
  },
  'validation/lossClassification': {
    unit: '',
    per: 'epoch',
    better: 'lower',
    label: 'cross entropy',
    protocol:
      'Classification term of the combined loss on the validation split, reduced and weighed as in training.',
  },
  'validation/lossRegression': {
    unit: '',
    per: 'epoch',
    better: 'lower',
    label: 'error of ab',
    protocol:
      'Regression term of the combined loss on the validation split, as the recipe reduces it, before its weight.',
  },
  'validation/abRmse': {
    unit: 'ab',
    per: 'epoch',
    better: 'lower',
    label: 'ab RMSE',
    protocol:
      'Root of the mean over all validation pixels and both ab components of the squared error, pooled. Predicted ab is not clipped to the gamut.',
  },
  'validation/psnr': {
    unit: 'dB',
    per: 'epoch',
    better: 'higher',
    label: 'PSNR',
    protocol:
      '20 log10(255 / RMSE) of 8-bit RGB, all channels together, per image, then averaged over images; an image that is equal counts as if one byte were off by one.',
  },
  'validation/psnrPooled': {
    unit: 'dB',
    per: 'epoch',
    better: 'higher',
    label: 'pooled PSNR',
    protocol:
      '20 log10(255 / RMSE) of 8-bit RGB, all channels together, the error pooled over all validation images first: lower than the mean of images. When all are equal, it counts as if one byte of all were off by one.',
  },
  'validation/ssim': {
    unit: '',
    per: 'epoch',
    better: 'higher',
    label: 'SSIM',
    protocol:
      '8-bit RGB, Gaussian window of 11 × 11 with σ 1.5, K1 0.01, K2 0.03, borders of 5 cropped, per channel, then averaged over channels and images. The lightness is the true one, so it differs little between colorizers.',
  },
  'validation/lpips': {
    unit: '',
    per: 'epoch',
    better: 'lower',
    label: 'LPIPS',
    protocol:
      'Learned perceptual distance of Zhang et al. 2018, version 0.1, by the network whose weights the recipe names: 8-bit RGB scaled to −1 … 1, features of five stages at unit length over their channels, squared differences weighed by channel, mean over places, sum over stages, mean over images. Values by AlexNet and by VGG are not comparable. The lightness is the true one: compare with the baselines.',
  },
  'validation/deltaE76': {
    unit: 'ΔE',
    per: 'epoch',
    better: 'lower',
    label: 'ΔE76',
    protocol:
      'Distance in Lab (D65) of true and predicted colours as they are shown, 8-bit sRGB clipped to the gamut, mean over all validation pixels.',
  },
  'validation/deltaE2000': {
    unit: 'ΔE',
    per: 'epoch',
    better: 'lower',
    label: 'ΔE2000',
    protocol:
      'CIEDE2000 (kL = kC = kH = 1) of true and predicted colours as they are shown, 8-bit sRGB clipped to the gamut, mean over all validation pixels.',
  },
  'validation/auc': {
    unit: '',
    per: 'epoch',
    better: 'higher',
    label: 'AuC',
    protocol:
      'Share of all validation pixels whose predicted ab lies within t of the truth, t from 0 to 150 in steps of 1, area by trapezoids over 150 (Zhang et al. 2016). Predicted ab is not clipped to the gamut. Grey reaches much of it: compare with the baseline.',
  },
  'validation/aucRebalanced': {
    unit: '',
    per: 'epoch',
    better: 'higher',
    label: 'rebalanced AuC',
    protocol:
      "AuC with each pixel weighed by 1 / p of its true colour's cell of 10 ab units in the training split; an empty cell counts as the rarest one that is not.",
  },
  'validation/colorfulnessGap': {
    unit: '',
    per: 'epoch',
    better: 'lower',
    label: 'colourfulness gap',
    protocol:
      'Colourfulness of Hasler and Süsstrunk 2003 (signed R − G and (R + G) / 2 − B) of 8-bit RGB: its absolute difference to the truth per image, then averaged over images.',
  },
  'validation/colorfulnessGapOfMeans': {
    unit: '',
    per: 'epoch',
    better: 'lower',
    label: 'colourfulness gap of means',
    protocol:
      'Colourfulness of Hasler and Süsstrunk 2003 (signed) averaged over the predictions and over the truths, then the absolute difference of both means: too dull and too bright images cancel out.',
  },
  'validation/colorfulnessGapUnsigned': {
    unit: '',
    per: 'epoch',
    better: 'lower',
    label: 'unsigned colourfulness gap of means',
    protocol:
      "As the gap of means, but of |R − G| and |(R + G) / 2 − B|, as DDColor's evaluation does: the figures of that paper.",
  },
  'validation/saturationRatio': {
    unit: '',
    per: 'epoch',
    better: null,
    label: 'saturation',
    protocol:
      'Mean chroma of predicted ab over mean chroma of true ab, all validation pixels: 1 is as saturated as the truth, 0 is grey. Predicted ab is not clipped to the gamut.',
  },
  'validation/top1': {
    unit: '',
    per: 'epoch',
    better: 'higher',
    label: 'top-1 accuracy',
    protocol:
      "Share of the head's pixels whose bin (the nearest one; of the corner set with hard targets the cell that holds the colour) is the likeliest, of equally likely ones the first. Not comparable across bin grids.",
  },
  'validation/top5': {
    unit: '',
    per: 'epoch',
    better: 'higher',
    label: 'top-5 accuracy',
    protocol:
      "Share of the head's pixels whose bin (the nearest one; of the corner set with hard targets the cell that holds the colour) is among the five likeliest, of equally likely ones the first. Not comparable across bin grids.",
  },
  'validation/entropy': {
    unit: 'nats',
    per: 'epoch',
    better: null,
    label: 'entropy',
    protocol:
      "Entropy of the predicted distribution over bins before any temperature, mean over the head's pixels. Not comparable across bin grids.",
  },
} as const satisfies Record<
  string,
  { unit: string; per: 'step' | 'epoch'; better: 'lower' | 'higher' | null; label: string; protocol: string }
>;
export type MetricName = keyof typeof metricCatalogue;

/** Holds for all of `validation/`, so that a list of metrics says it once. */
export const validationProtocol =
  "Every validation metric is measured at the run's own image size, to which the true pictures are resized too; with averageDecay, the averaged weights are measured.";

/** How one metric is measured, where it stands alone. */
export const protocolOf = (metric: MetricName): string =>
  [metricCatalogue[metric].protocol, ...(metric.startsWith('validation/') ? [validationProtocol] : [])].join(
    ' ',
  );

export const metricName = z.enum(Object.keys(metricCatalogue) as [MetricName, ...MetricName[]]);

/** A measured number, non-finite ones spelled out because JSON has no word for them. */
export const measured = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]);
export type Measured = z.infer<typeof measured>;
export const toMeasured = (value: number): Measured =>
  Number.isFinite(value) ? value : (String(value) as Measured);
export const fromMeasured = (value: Measured): number => Number(value);

/** One measurement. `seq` counts everything an attempt reports, from 1 and without gaps: the idempotency key. */
export const point = z.object({
  seq: z.number().int().min(1),
  metric: metricName,
  step: z.number().int().min(0).describe('Optimizer steps done when it was measured, from 1.'),
  epoch: z.number().min(0).describe('Epochs done when it was measured; whole for validation metrics.'),
  value: measured,
  at: z.iso.datetime(),
});
export type Point = z.infer<typeof point>;

/** A point as read back: of which attempt, and whether a later attempt re-ran its step. */
export const storedPoint = point.extend({ attempt: z.number().int().min(1), superseded: z.boolean() });
export type StoredPoint = z.infer<typeof storedPoint>;

/** A stretch of steps of one curve. Extremes are exact however long the curve is. */
export const curveBucket = z.object({
  stepFrom: z.number().int(),
  stepTo: z.number().int(),
  epoch: z.number().describe('Epoch of the last point.'),
  at: z.iso.datetime().describe('Instant of the last point.'),
  first: measured,
  last: measured,
  min: z.number().nullable().describe('Smallest finite value, null when there is none.'),
  max: z.number().nullable(),
  mean: z.number().nullable(),
  count: z.number().int(),
  nonFinite: z.number().int(),
});
export type CurveBucket = z.infer<typeof curveBucket>;

export const curve = z.object({
  runId: z.string(),
  metric: metricName,
  buckets: z.array(curveBucket),
  /** Points of attempts that were lost after these steps had been measured; the faint branch. */
  superseded: z.array(curveBucket),
  exact: z.boolean().describe('True when every bucket holds one point.'),
  cursor: z.object({ attempt: z.number().int(), seq: z.number().int() }).describe('Last point contained.'),
});
export type Curve = z.infer<typeof curve>;
