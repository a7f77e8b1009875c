import { readFileSync } from 'node:fs';
import path from 'node:path';
import { repository } from '@chromatune/test-support';
import { z } from 'zod';

/** What a fixture keeps of a tensor, in PyTorch's order: see `summary` in ../python/record.py. */
const tensorSummary = z.strictObject({
  name: z.string(),
  shape: z.array(z.number().int()),
  /** Largest magnitude. */
  largest: z.number(),
  norm: z.number(),
  /** Sum of value × u of `check.<name>`: notices what changed places. */
  projection: z.number(),
  /** Largest difference of PyTorch's own float32 from this float64, as a share of `largest`. */
  rounding: z.number(),
  /** All values when there are at most 48, else those at 48 hashed places. */
  samples: z.array(z.number()),
});
export type TensorSummary = z.infer<typeof tensorSummary>;

const encoder = z.enum(['resnet18', 'resnet34', 'resnet50', 'resnet101', 'resnet152', 'vgg16', 'vgg16bn']);
const stage = z.enum(['conv2', 'conv3', 'conv4', 'conv5']);
const upsampling = z.enum(['nearest', 'bilinear', 'transposed']);
const sized = { batch: z.number().int(), side: z.number().int() };
const results = z.strictObject({ loss: z.number(), tensors: z.array(tensorSummary) });

const encoderCase = z.strictObject({
  encoder,
  stage,
  mode: z.enum(['eval', 'train']),
  adaptation: z.enum(['new', 'sum', 'mean', 'replicate-normalised']),
  ...sized,
  tensors: z.array(tensorSummary),
});

const ofRegression = {
  type: z.literal('regression'),
  outputActivation: z.enum(['linear', 'sigmoid', 'tanh']),
  penalty: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('mse') }),
    z.strictObject({ type: z.literal('huber'), delta: z.number() }),
  ]),
  reduction: z.enum(['mean', 'sum']),
};
const ofClassification = {
  type: z.literal('classification'),
  binGridSize: z.number().int(),
  binSet: z.enum(['gamut', 'square', 'zhang-313']),
  headResolution: z.enum(['full', 'quarter']),
  doubleSoftmax: z.boolean(),
  encoding: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('hard') }),
    z.strictObject({ type: z.literal('soft'), neighbors: z.number().int(), sigma: z.number() }),
  ]),
  reduction: z.enum(['mean', 'sum']),
};
const ofHead = { headKernel: z.union([z.literal(1), z.literal(3)]), reluBeforeSoftmax: z.boolean() };
const decoding = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('annealed-mean'), temperature: z.number() }),
  z.strictObject({ type: z.literal('mean') }),
  z.strictObject({ type: z.literal('argmax') }),
]);

const ofLoss = {
  ...ofClassification,
  rebalancing: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('none') }),
    z.strictObject({ type: z.enum(['paper', 'released-code']), lambda: z.number(), sigma: z.number() }),
  ]),
};

const headOfClassification = z.strictObject({ ...ofClassification, ...ofHead });

const modelCase = z.strictObject({
  model: z.strictObject({ encoder, cut: stage, upsampling, batchNorm: z.enum(['micro', 'frozen']) }),
  loss: z.discriminatedUnion('type', [
    z.strictObject(ofRegression),
    headOfClassification,
    z.strictObject({
      type: z.literal('combined'),
      regression: z.strictObject(ofRegression),
      classification: headOfClassification,
      regressionWeight: z.number(),
    }),
  ]),
  ...sized,
  eval: results,
  train: results,
});
export type EncoderCase = z.infer<typeof encoderCase>;
export type ModelCase = z.infer<typeof modelCase>;

const lossCase = z.union([
  z.strictObject({ recipe: z.strictObject(ofRegression), value: z.number(), gradient: tensorSummary }),
  z.strictObject({
    recipe: z.strictObject(ofLoss),
    bins: z.number().int(),
    value: z.number(),
    gradient: tensorSummary,
    floor: z.number().optional(),
    marginal: z.number().optional(),
  }),
  z.strictObject({
    recipe: z.strictObject(ofLoss),
    bins: z.number().int(),
    measures: z.strictObject({ top1: z.number(), top5: z.number(), entropy: z.number() }),
  }),
  z.strictObject({
    recipe: z.strictObject({ ...ofLoss, decoding }),
    bins: z.number().int(),
    decoded: tensorSummary,
  }),
]);
export type LossCase = z.infer<typeof lossCase>;

const adam = {
  learningRate: z.number(),
  beta1: z.number(),
  beta2: z.number(),
  epsilon: z.number(),
  weightDecay: z.number(),
};
const optimizerCase = z.strictObject({
  name: z.string(),
  optimizer: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('adam'), ...adam }),
    z.strictObject({ type: z.literal('adamw'), ...adam }),
    z.strictObject({
      type: z.literal('sgd'),
      learningRate: z.number(),
      momentum: z.number(),
      nesterov: z.boolean(),
      weightDecay: z.number(),
    }),
  ]),
  /** Of the gradients. */
  scale: z.number(),
  gradientClip: z.number(),
  encoderLearningRateFactor: z.number(),
  averageDecay: z.number(),
  rounding: z.number(),
  after: z.array(
    z.strictObject({ step: z.number().int(), weights: z.record(z.string(), z.array(z.number())) }),
  ),
});
export type OptimizerCase = z.infer<typeof optimizerCase>;

const scheduleCase = z.strictObject({
  name: z.string(),
  base: z.number(),
  schedule: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('constant') }),
    z.strictObject({ type: z.literal('step'), every: z.number().int(), factor: z.number() }),
    z.strictObject({ type: z.literal('cosine'), floor: z.number() }),
  ]),
  warmupSteps: z.number().int(),
  rates: z.array(z.number()),
});

const colorCase = z.strictObject({
  what: z.enum([
    'sRGB to Lab',
    'Lab to sRGB',
    '8-bit sRGB to Lab',
    '8-bit Lab to sRGB',
    'gamut',
    'square',
    'zhang-313',
  ]),
  /** Of bins. */
  grid: z.number().int().optional(),
  tensor: tensorSummary,
});
export type ColorCase = z.infer<typeof colorCase>;

const lpipsCase = z.strictObject({
  network: z.enum(['lpips-alex', 'lpips-vgg']),
  side: z.number().int(),
  /** Of three pairs. */
  distances: z.array(z.number()),
});

const cases = {
  colors: colorCase,
  metrics: z.strictObject({ metric: z.string(), value: z.number() }),
  lpips: lpipsCase,
  encoders: encoderCase,
  models: modelCase,
  losses: lossCase,
  optimizers: optimizerCase,
  schedules: scheduleCase,
};

/** The cases of fixtures/<group>.json, which python/make_fixtures.py made. */
export function readFixtures<Group extends keyof typeof cases>(
  group: Group,
): z.infer<(typeof cases)[Group]>[] {
  const file = path.join(repository, 'test/parity/fixtures', `${group}.json`);
  const found = z.object({ cases: z.array(z.unknown()) }).parse(JSON.parse(readFileSync(file, 'utf8')));
  return z.array(cases[group]).parse(found.cases) as z.infer<(typeof cases)[Group]>[];
}
