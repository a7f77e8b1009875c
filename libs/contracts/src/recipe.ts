import { z } from 'zod';
import { sha256 } from './ids.js';
import { modelParameters as model, trainingParameters as training } from './parameters.js';

export const regressionLoss = z.strictObject({
  type: z.literal('regression'),
  outputActivation: model.outputActivation.removeDefault(),
});
export const classificationLoss = z.strictObject({
  type: z.literal('classification'),
  binGridSize: training.binGridSize.removeDefault(),
  binSet: training.binSet.removeDefault(),
  headKernel: model.headKernel.removeDefault(),
  headResolution: model.headResolution.removeDefault(),
  reluBeforeSoftmax: model.reluBeforeSoftmax.removeDefault(),
  decodeTemperature: training.decodeTemperature.removeDefault(),
});

/** Everything a person chose that influences the numbers of a run. With its `environment`, it is the whole recipe. */
export const recipe = z.strictObject({
  recipeVersion: z.literal(1),
  dataset: z.strictObject({ name: z.string(), digest: sha256 }),
  model: z.strictObject({
    encoder: model.encoder.removeDefault(),
    width: model.width.removeDefault(),
    imageSize: model.imageSize.removeDefault(),
  }),
  loss: z.discriminatedUnion('type', [regressionLoss, classificationLoss]),
  optimizer: z.strictObject({
    type: z.literal('adam'),
    learningRate: training.learningRate.removeDefault(),
    beta1: training.beta1.removeDefault(),
    beta2: training.beta2.removeDefault(),
    epsilon: training.epsilon.removeDefault(),
  }),
  batchSize: training.batchSize.removeDefault(),
  epochs: z.number().int().min(1).max(10_000),
  seed: training.seed.removeDefault(),
  augmentation: z.strictObject({ flip: z.boolean() }),
  samples: z.strictObject({ images: z.number().int().min(0).max(24), every: z.number().int().min(1) }),
});
export type Recipe = z.infer<typeof recipe>;
export type LossRecipe = Recipe['loss'];

export const engineName = z.enum(['cuda', 'native', 'portable']);
export type EngineName = z.infer<typeof engineName>;

/** The rest of what influences the numbers: known when a trainer claims the run. */
export const environment = z.strictObject({
  engine: engineName,
  engineVersion: z.string().describe('For example "tensorflow 2.21.0" or "tfjs-wasm 4.22.0".'),
  device: z.string().describe('For example "cpu" or "NVIDIA H200".'),
  threads: z.number().int().min(1),
  deterministic: z.boolean(),
  codeVersion: z.string().describe('Digest of the sources that make the numbers.'),
});
export type Environment = z.infer<typeof environment>;
