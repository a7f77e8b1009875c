import { z } from 'zod';
import { instant, runId, sha256, sweepId } from './ids.js';
import {
  fromMeasured,
  measured,
  type Measured,
  metricCatalogue,
  metricName,
  type MetricName,
} from './metrics.js';
import { parameterValues } from './parameters.js';
import { environment, recipe } from './recipe.js';
import { attemptState, failure, runState } from './states.js';

const predictor = z.object({
  abRmse: z.number(),
  psnr: z.number(),
  /** The other metrics that do not depend on the loss; older runs have none. */
  metrics: z.partialRecord(metricName, measured).optional(),
});

const lossOf = z.object({
  metric: z.enum(['validation/loss', 'validation/lossClassification']),
  loss: measured,
});

/** Metrics of predictors that need no training, on the same validation images. */
export const baselines = z.object({
  grey: predictor,
  meanColor: predictor,
  /**
   * Of networks that predict bins: the loss that the one distribution has which training aims at where it is the same at
   * every pixel. It is the marginal distribution of these images, each pixel weighed as in the gradient: in the released
   * code of those with a colour, unless the others have a bin that these lack. Of a combined loss, the classification
   * term's.
   */
  marginal: lossOf.optional(),
  /** What no network's loss can go below on these images, where that is not 0: soft labels have an entropy. */
  floor: lossOf.optional(),
});
export type Baselines = z.infer<typeof baselines>;

export interface Baseline {
  name: 'mean colour' | 'grey' | 'marginal distribution';
  value: number;
}

/** What predictors without training reach in a metric, the best first; none where it was not measured. */
export function baselinesOf(baselines: Baselines | null | undefined, metric: MetricName): Baseline[] {
  if (!baselines) return [];
  const { marginal } = baselines;
  if (marginal?.metric === metric) {
    return [{ name: 'marginal distribution', value: fromMeasured(marginal.loss) }];
  }
  const named = { 'mean colour': baselines.meanColor, grey: baselines.grey };
  const measuredOnes = Object.entries(named).flatMap(([name, { abRmse, psnr, metrics }]) => {
    const known = { 'validation/abRmse': abRmse, 'validation/psnr': psnr, ...metrics };
    const value = (known as Partial<Record<MetricName, Measured>>)[metric];
    return value === undefined ? [] : [{ name: name as keyof typeof named, value: fromMeasured(value) }];
  });
  const { better } = metricCatalogue[metric];
  if (better === null) return measuredOnes;
  return measuredOnes.sort((one, other) => (better === 'lower' ? 1 : -1) * compare(one.value, other.value));
}

const compare = (one: number, other: number) => (one < other ? -1 : one > other ? 1 : 0); // ∞ − ∞ would be NaN

/** What a metric of a run cannot go below, where that is known and not 0. */
export function floorOf(baselines: Baselines | null | undefined, metric: MetricName): number | null {
  return baselines?.floor?.metric === metric ? fromMeasured(baselines.floor.loss) : null;
}

/** By what a run shows that it has learned: the loss, where the best one without looking is known, else the error of ab. */
export const learningMetric = ({ marginal }: Pick<Baselines, 'marginal'>) =>
  marginal?.metric ?? 'validation/abRmse';

/**
 * By what share of a baseline a run has to be below it. A network whose pictures are entirely grey is below grey by 2e-9,
 * which is rounding; what learning gains shows in the third digit at least.
 */
export const learningMargin = 0.001;

/**
 * Whether a run's best epoch is below every predictor that needs no training by `learningMargin`: the marginal
 * distribution's loss where it predicts bins, else grey and the mean colour in ab RMSE; none of them is ever negative.
 * Null as long as it cannot be said.
 */
export function hasLearned({ best, baselines }: Pick<Run, 'best' | 'baselines'>): boolean | null {
  if (!baselines) return null;
  const metric = learningMetric(baselines);
  const own = best[metric]?.value;
  if (own === undefined) return null;
  return baselinesOf(baselines, metric).every(({ value }) => own < value * (1 - learningMargin));
}

/**
 * Why a run has learned nothing yet, in words; null as long as that cannot be said of it.
 * @param format a value of a metric as people read it
 */
export function whyNothingLearned(
  { learned, best, baselines }: Pick<Run, 'learned' | 'best' | 'baselines'>,
  format: (metric: MetricName, value: Measured | undefined) => string,
): string | null {
  if (learned !== false || !baselines) return null;
  const metric = learningMetric(baselines);
  const others = baselinesOf(baselines, metric).map(({ name, value }) => `${name} ${format(metric, value)}`);
  return `best ${metricCatalogue[metric].label} ${format(metric, best[metric]?.value)}, not ${100 * learningMargin} % below ${others.join(' and ')}`;
}

const best = z.object({ value: z.number(), epoch: z.number(), step: z.number().int() });

/** A run as lists and tables show it. */
export const run = z.object({
  id: runId,
  sweepId: sweepId.nullable(),
  index: z.number().int(),
  label: z.string().describe('Made of what varies: "classification · grid 10 · 3e-4".'),
  parameters: parameterValues,
  state: runState,
  /** Why a queued run waits, or what is happening: "waits for a free slot", "pausing", "silent for 20 s". */
  note: z.string().nullable(),
  attempt: z.number().int().min(0),
  restarts: z.number().int().min(0),
  step: z.number().int(),
  epoch: z.number(),
  epochs: z.number().int(),
  totalSteps: z.number().int().nullable(),
  microBatch: z.number().int().nullable().describe('Images computed at once; null until it has begun.'),
  latest: z.partialRecord(metricName, measured),
  best: z.partialRecord(metricName, best),
  baselines: baselines.nullable(),
  learned: z
    .boolean()
    .nullable()
    .describe(
      'Whether its best epoch is at least 0.1 % below what needs no training; null before its first validation.',
    ),
  failure: failure.nullable(),
  weightsSha256: sha256.nullable(),
  reproductionOf: runId.nullable(),
  trainerId: z.string().nullable(),
  createdAt: instant,
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
});
export type Run = z.infer<typeof run>;

export const attempt = z.object({
  number: z.number().int().min(1),
  state: attemptState,
  trainerId: z.string(),
  resumedFromStep: z.number().int().describe('0 when it started from the initial weights.'),
  environment,
  startedAt: instant,
  endedAt: instant.nullable(),
  /** When its lease was last renewed. */
  lastSeenAt: instant,
  reason: z.string().nullable(),
  failure: failure.nullable(),
});
export type Attempt = z.infer<typeof attempt>;

export const checkpointKind = z.enum(['epoch', 'pause', 'final']);
export const checkpoint = z.object({
  attempt: z.number().int(),
  step: z.number().int(),
  epoch: z.number(),
  kind: checkpointKind,
  key: z.string(),
  bytes: z.number().int(),
  sha256,
  weightsSha256: sha256,
  abRmse: z.number().nullable(),
  objective: z
    .object({ metric: metricName, value: measured.nullable() })
    .describe("By what the best is chosen: the metric of the sweep's objective, outside a sweep ab RMSE."),
  isBest: z.boolean(),
  at: instant,
});
export type Checkpoint = z.infer<typeof checkpoint>;

/** One epoch's colorized validation photographs: a vertical strip of square tiles in one PNG. */
export const sample = z.object({
  runId,
  attempt: z.number().int(),
  epoch: z.number().int(),
  step: z.number().int(),
  key: z.string(),
  tileSize: z.number().int(),
  images: z.array(
    z.object({
      image: z.number().int().describe('Index of the preview in the dataset version.'),
      abRmse: z.number(),
    }),
  ),
  at: instant,
});
export type Sample = z.infer<typeof sample>;

export const verdict = z.discriminatedUnion('verdict', [
  z.object({ verdict: z.literal('IDENTICAL'), steps: z.number().int(), weightsSha256: sha256 }),
  z.object({
    verdict: z.literal('EQUIVALENT'),
    largestLossDifference: z.number(),
    largestWeightDifference: z.number(),
    band: z.number(),
    reason: z.string(),
  }),
  z.object({
    verdict: z.literal('DIVERGED'),
    step: z.number().int(),
    original: measured,
    reproduced: measured,
    largestLossDifference: z.number(),
  }),
  z.object({ verdict: z.literal('NOT REPRODUCIBLE'), reason: z.string() }),
]);
export type Verdict = z.infer<typeof verdict>;

/** A run as its page shows it. */
export const runDetail = run.extend({
  recipe,
  environment: environment.nullable(),
  recipeDigest: sha256.nullable(),
  attempts: z.array(attempt),
  checkpoints: z.array(checkpoint),
  verdict: verdict.nullable().describe('Of a reproduction, once it has ended.'),
  reproductions: z.array(runId),
});
export type RunDetail = z.infer<typeof runDetail>;

export const logLine = z.object({
  attempt: z.number().int(),
  seq: z.number().int(),
  level: z.enum(['info', 'warn', 'error']),
  message: z.string().max(4000),
  at: instant,
});
export type LogLine = z.infer<typeof logLine>;

/** Body of `POST /runs/:id/reproduce`. With `recipe`, that one is trained instead of the stored one. */
export const reproduceRequest = z.strictObject({ recipe: recipe.optional() });

/** Answer of `POST /runs/:id/reproduce`: the new run, and the verdict to expect, said before it trains. */
export const reproduction = run.extend({
  expected: z.enum(['IDENTICAL', 'EQUIVALENT', 'DIVERGED']),
  reason: z.string(),
});
export type Reproduction = z.infer<typeof reproduction>;
