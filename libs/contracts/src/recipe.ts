import { z } from 'zod';
import { datasetName, sha256 } from './ids.js';
import { modelParameters as model, trainingParameters as training } from './parameters.js';
import {
  plainAdam,
  plainClassification,
  plainModel,
  plainRegression,
  plainTraining,
} from './plain-recipe.js';

/** Error of ab, on a head that predicts ab at the image's size. */
export const regressionLoss = z.strictObject({
  type: z.literal('regression'),
  outputActivation: model.outputActivation.removeDefault(),
  penalty: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('mse') }),
    z.strictObject({ type: z.literal('huber'), delta: training.huberDelta.removeDefault() }),
  ]),
  reduction: training.lossReduction.removeDefault(),
});

/** Cross entropy over colour bins, on a head that predicts a distribution at every pixel or every fourth. */
export const classificationLoss = z.strictObject({
  type: z.literal('classification'),
  binGridSize: training.binGridSize.removeDefault(),
  binSet: training.binSet.removeDefault(),
  headKernel: model.headKernel.removeDefault(),
  headResolution: model.headResolution.removeDefault(),
  reluBeforeSoftmax: model.reluBeforeSoftmax.removeDefault(),
  doubleSoftmax: training.doubleSoftmax.removeDefault(),
  encoding: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('hard') }),
    z.strictObject({
      type: z.literal('soft'),
      neighbors: training.softNeighbors.removeDefault(),
      sigma: training.softSigma.removeDefault(),
    }),
  ]),
  rebalancing: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('none') }),
    ...(['paper', 'released-code'] as const).map((variant) =>
      z.strictObject({
        type: z.literal(variant),
        lambda: training.rebalancingLambda.removeDefault(),
        sigma: training.rebalancingSigma.removeDefault(),
      }),
    ),
  ]),
  decoding: z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('annealed-mean'),
      temperature: training.decodeTemperature.removeDefault(),
    }),
    z.strictObject({ type: z.literal('mean') }),
    z.strictObject({ type: z.literal('argmax') }),
  ]),
  reduction: training.lossReduction.removeDefault(),
});

/** Cross entropy + weight × error of ab, on two heads of one encoder; the gradients of both reach it. */
export const combinedLoss = z.strictObject({
  type: z.literal('combined'),
  regression: regressionLoss,
  classification: classificationLoss,
  regressionWeight: training.regressionWeight.removeDefault(),
  decodeFrom: training.decodeFrom.removeDefault(),
});

const adam = {
  learningRate: training.learningRate.removeDefault(),
  beta1: training.beta1.removeDefault(),
  beta2: training.beta2.removeDefault(),
  epsilon: training.epsilon.removeDefault(),
  weightDecay: training.weightDecay.removeDefault(),
};

/** What a person chose; 0 in `microBatch`, `gradientClip` and `averageDecay` means what the parameter of that name says. */
export const currentRecipe = z.strictObject({
  recipeVersion: z.literal(2),
  dataset: z.strictObject({ name: datasetName, digest: sha256 }),
  model: z.strictObject({
    encoder: model.encoder.removeDefault(),
    cut: model.cut.removeDefault().exclude(['auto']),
    width: model.width.removeDefault(),
    imageSize: model.imageSize.removeDefault(),
    weights: model.weights.removeDefault(),
    inputAdaptation: model.inputAdaptation.removeDefault().exclude(['auto']),
    freezeThrough: model.freezeThrough.removeDefault(),
    batchNorm: model.batchNorm.removeDefault(),
    upsampling: model.upsampling.removeDefault(),
  }),
  loss: z.discriminatedUnion('type', [regressionLoss, classificationLoss, combinedLoss]),
  optimizer: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('adam'), ...adam }),
    z.strictObject({ type: z.literal('adamw'), ...adam }),
    z.strictObject({
      type: z.literal('sgd'),
      learningRate: training.learningRate.removeDefault(),
      momentum: training.momentum.removeDefault(),
      nesterov: training.nesterov.removeDefault(),
      weightDecay: training.weightDecay.removeDefault(),
    }),
  ]),
  encoderLearningRateFactor: training.encoderLearningRateFactor.removeDefault(),
  schedule: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('constant') }),
    z.strictObject({
      type: z.literal('step'),
      every: training.scheduleEvery.removeDefault(),
      factor: training.scheduleFactor.removeDefault(),
    }),
    z.strictObject({ type: z.literal('cosine'), floor: training.scheduleFloor.removeDefault() }),
  ]),
  warmupSteps: training.warmupSteps.removeDefault(),
  gradientClip: training.gradientClip.removeDefault(),
  averageDecay: training.averageDecay.removeDefault(),
  batchSize: training.batchSize.removeDefault(),
  microBatch: training.microBatch.removeDefault(),
  epochs: z.number().int().min(1).max(10_000),
  seed: training.seed.removeDefault(),
  augmentation: z.strictObject({ flip: z.boolean(), crop: training.crop.removeDefault() }),
  deterministic: z.boolean(),
  /** Whether a GPU's steps are compiled. Left out where not, as in recipes that are older than it. */
  compile: z.literal(true).optional(),
  /** Digest of the weights of LPIPS. Left out where it is not measured, as in recipes that are older than it. */
  lpips: sha256.optional(),
  samples: z.strictObject({ images: z.number().int().min(0).max(24), every: z.number().int().min(1) }),
});

/**
 * Everything a person chose that influences the numbers of a run. With its `environment`, it is the whole recipe. One that
 * was stored as version 1 is read as the version 2 that means the same.
 */
export const recipe = z.preprocess(upgradeRecipe, currentRecipe);
export type Recipe = z.infer<typeof currentRecipe>;
export type ModelRecipe = Recipe['model'];
export type LossRecipe = Recipe['loss'];
export type RegressionRecipe = z.infer<typeof regressionLoss>;
export type ClassificationRecipe = z.infer<typeof classificationLoss>;
export type CombinedRecipe = z.infer<typeof combinedLoss>;

/** The loss itself, or the classification in a combined one; null when there is none. */
export function classificationOf(loss: LossRecipe): ClassificationRecipe | null {
  if (loss.type === 'regression') return null;
  return loss.type === 'combined' ? loss.classification : loss;
}

function upgradeRecipe(stored: unknown): unknown {
  const old = stored as { recipeVersion?: unknown } | null;
  if (typeof old !== 'object' || old?.recipeVersion !== 1) return stored;
  const { model, loss, optimizer, augmentation, ...rest } = old as unknown as Record<
    'model' | 'loss' | 'optimizer' | 'augmentation',
    Record<string, unknown> | null | undefined
  >;
  const { decodeTemperature: temperature, ...lossRest } = loss ?? {}; // what people send need not have one
  const isRegression = lossRest['type'] === 'regression';
  return {
    ...plainTraining,
    ...rest,
    recipeVersion: 2,
    model: { ...plainModel, ...model, cut: isRegression ? 'conv4' : 'conv3' },
    loss: isRegression
      ? { ...plainRegression, ...lossRest }
      : { ...plainClassification, ...lossRest, decoding: { type: 'annealed-mean', temperature } },
    optimizer: { ...plainAdam, ...optimizer },
    augmentation: { ...plainTraining.augmentation, ...augmentation },
  };
}

export const engineName = z.enum(['cuda', 'native', 'portable']);
export type EngineName = z.infer<typeof engineName>;

/** The rest of what influences the numbers: known when a trainer claims the run. */
export const environment = z.strictObject({
  engine: engineName,
  engineVersion: z.string().describe('For example "tensorflow 2.21.0" or "tfjs-wasm 4.22.0".'),
  device: z
    .string()
    .describe(
      'The GPU, for example "NVIDIA H200", or the kind of processor, as far as rounding depends on it.',
    ),
  threads: z.number().int().min(1),
  deterministic: z.boolean(),
  codeVersion: z.string().describe('Digest of the sources that make the numbers.'),
});
export type Environment = z.infer<typeof environment>;

/**
 * Whether a run that was begun in `recorded` makes the same numbers in `other`, bit by bit: measured for one engine, version,
 * number of threads and device. Sources are not compared.
 */
export const isSameEngine = (recorded: Environment, other: Environment): boolean =>
  recorded.engine === other.engine &&
  recorded.engineVersion === other.engineVersion &&
  recorded.threads === other.threads &&
  (recorded.device === other.device || recorded.device === someProcessor);

/** Recorded until trainers told kinds of processors apart. Such runs go on wherever they would have gone on then. */
const someProcessor = 'cpu';

/** An engine in words, with all that `isSameEngine` compares. */
export const describeEngine = ({ engine, engineVersion, device, threads }: Environment): string =>
  `${engine} (${engineVersion}, ${device}, ${threads} ${threads === 1 ? 'thread' : 'threads'})`;
