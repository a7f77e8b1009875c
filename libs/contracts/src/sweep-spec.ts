import { z } from 'zod';
import {
  modelParameters,
  type ParameterName,
  parameterNames,
  parameterValue,
  trainingParameters,
} from './parameters.js';

const when = z
  .record(z.string(), z.union([parameterValue, z.array(parameterValue).min(1)]))
  .describe('Only where these other parameters have these values, for example { loss: classification }.');

const listDomain = z.strictObject({
  values: z.array(parameterValue).min(1).max(1000),
  when: when.optional(),
});
const distributionDomain = z.strictObject({
  distribution: z.enum(['uniform', 'logUniform', 'integer', 'logInteger']),
  min: z.number(),
  max: z.number(),
  count: z
    .number()
    .int()
    .min(2)
    .max(1000)
    .optional()
    .describe('Number of evenly spaced values for grid search.'),
  when: when.optional(),
});

/** What a parameter may be: one value, a list, or a distribution. */
export const parameterDomain = z.union([
  parameterValue,
  z.array(parameterValue).min(1).max(1000),
  listDomain,
  distributionDomain,
]);
export type ParameterDomain = z.infer<typeof parameterDomain>;

/** Metrics that are better low or high. The loss cannot be compared across losses; LPIPS must be asked for. */
export const objectiveMetric = z.enum([
  'validation/abRmse',
  'validation/psnr',
  'validation/loss',
  'validation/psnrPooled',
  'validation/ssim',
  'validation/lpips',
  'validation/deltaE76',
  'validation/deltaE2000',
  'validation/auc',
  'validation/aucRebalanced',
  'validation/colorfulnessGap',
  'validation/colorfulnessGapOfMeans',
  'validation/colorfulnessGapUnsigned',
]);
export type ObjectiveMetric = z.infer<typeof objectiveMetric>;

const optionalAll = <T extends Record<string, z.ZodType>>(shape: T) =>
  Object.fromEntries(
    Object.entries(shape).map(([key, schema]) => [key, withoutDefault(schema).optional()]),
  ) as {
    [K in keyof T]: z.ZodOptional<z.ZodType>;
  };
const withoutDefault = (schema: z.ZodType): z.ZodType =>
  schema instanceof z.ZodDefault ? (schema.removeDefault() as z.ZodType) : schema;

/** A sweep as people write it, in YAML or TypeScript. Checks that need more than its shape are in `libs/search`. */
export const sweepSpec = z.strictObject({
  name: z.string().min(1).max(120),
  dataset: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}(@[0-9a-f]{6,64})?$/, 'is not a dataset name, nor name@version')
    .describe('Name of a dataset (its newest version), or name@digest for a certain version.'),
  model: z
    .strictObject(optionalAll(modelParameters))
    .default({})
    .describe('Fixed parameters of the network.'),
  training: z
    .strictObject(optionalAll(trainingParameters))
    .default({})
    .describe('Fixed parameters of the training.'),
  space: z
    .partialRecord(z.enum(parameterNames as [ParameterName, ...ParameterName[]]), parameterDomain)
    .default({})
    .describe('What varies: parameter name to list or distribution.'),
  search: z
    .strictObject({
      method: z.enum(['grid', 'random']).default('grid'),
      seed: z
        .number()
        .int()
        .min(0)
        .max(2 ** 31 - 1)
        .default(0),
      parallel: z.number().int().min(1).max(256).default(2).describe('Runs that may train at the same time.'),
    })
    .prefault({}),
  objective: z
    .strictObject({
      metric: objectiveMetric.default('validation/abRmse'),
      goal: z.enum(['minimize', 'maximize']).optional(),
    })
    .prefault({}),
  budget: z.strictObject({
    runs: z
      .number()
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('Most runs. Grid search needs none; random search does.'),
    epochs: z.number().int().min(1).max(10_000),
  }),
  samples: z
    .strictObject({
      images: z.number().int().min(0).max(24).default(8),
      every: z.number().int().min(1).default(1).describe('Epochs between samples.'),
    })
    .prefault({}),
});
export type SweepSpec = z.output<typeof sweepSpec>;
export type SweepSpecInput = z.input<typeof sweepSpec>;

/** One thing wrong with a spec, at its place in the text. Lines and columns count from 1. */
export const specProblem = z.object({
  path: z.string(),
  message: z.string(),
  line: z.number().int().optional(),
  column: z.number().int().optional(),
});
export type SpecProblem = z.infer<typeof specProblem>;

/** What runs of one network and batch size will take of a trainer's memory. */
export const memoryForecast = z.object({
  runs: z.number().int().describe('Those of the sweep that this is about.'),
  atOnceBytes: z.number().describe('What a whole batch at once would take.'),
  slotBytes: z.number().nullable().describe("Of the online trainer's slot with the least; null without one."),
  microBatch: z.number().int().describe('Images that will be computed at once.'),
  pieces: z.number().int().describe('Micro-batches of one batch.'),
  bytes: z.number().describe('What those take.'),
  fits: z.boolean(),
  isMeasured: z
    .boolean()
    .describe(
      'Whether that trainer has measured such a network; else it will, before it chooses the pieces.',
    ),
  text: z.string().describe('"resnet152 at batch 128 needs 38 GB: will run as 6 micro-batches of 22."'),
});
export type MemoryForecast = z.infer<typeof memoryForecast>;

/** Answer to "what would this spec do?", asked while one types. */
export const sweepPlan = z.object({
  problems: z.array(specProblem),
  runs: z.number().int().nonnegative(),
  varying: z.array(z.string()),
  preview: z.array(z.record(z.string(), parameterValue)).describe('Parameters of the first 20 runs.'),
  forecasts: z
    .array(memoryForecast)
    .describe('Of all runs, those that need most first; empty where there are problems.'),
});
export type SweepPlan = z.infer<typeof sweepPlan>;

/** How many lines about memory people are shown of a plan: those that do not fit, and then those that need most. */
export const shownForecasts = 12;
