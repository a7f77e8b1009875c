import { z } from 'zod';

/** Metrics that every run records. The unit and protocol stand here once, for every screen and export. */
export const metricCatalogue = {
  'train/loss': {
    unit: '',
    per: 'step',
    better: 'lower',
    label: 'train loss',
    protocol: 'Loss of the batch, mean over its pixels.',
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
      'Same loss on the validation split, mean over all pixels. Not comparable across losses or bin grids.',
  },
  'validation/abRmse': {
    unit: 'ab',
    per: 'epoch',
    better: 'lower',
    label: 'ab RMSE',
    protocol:
      'Root of the mean over all validation pixels and both ab components of the squared error, pooled.',
  },
  'validation/psnr': {
    unit: 'dB',
    per: 'epoch',
    better: 'higher',
    label: 'PSNR',
    protocol:
      '20 log10(255 / RMSE) of 8-bit RGB, all channels together, per image, then averaged over images.',
  },
} as const satisfies Record<
  string,
  { unit: string; per: 'step' | 'epoch'; better: 'lower' | 'higher' | null; label: string; protocol: string }
>;
export type MetricName = keyof typeof metricCatalogue;
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
