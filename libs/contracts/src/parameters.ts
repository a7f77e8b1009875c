import { z } from 'zod';

const digestOrNone = z
  .string()
  .regex(/^(none|[0-9a-f]{64})$/, 'must be none, or the digest of imported weights')
  .default('none');

/**
 * Every knob of a run, each with its limits and default. A sweep spec fixes them under `model` and `training` or varies
 * them under `space`; a recipe is made of one value of each. Adding a knob here makes it sweepable.
 */
export const modelParameters = {
  encoder: z
    .enum(['resnet18', 'resnet34', 'resnet50', 'resnet101', 'resnet152', 'vgg16', 'vgg16bn'])
    .default('resnet34')
    .describe("torchvision's network whose first stages read the lightness."),
  cut: z
    .enum(['auto', 'conv2', 'conv3', 'conv4', 'conv5'])
    .default('auto')
    .describe(
      "Stage after which the encoder ends: conv2_x (side / 4) to conv5_x (side / 32), VGG's pool2 to pool5. auto: the report's, conv3 for classification, else conv4.",
    ),
  width: z
    .number()
    .min(0.125)
    .max(2)
    .multipleOf(0.125)
    .default(1)
    .describe("Multiplier of every channel count but the output's."),
  imageSize: z
    .number()
    .int()
    .min(32)
    .max(512)
    .multipleOf(16)
    .default(64)
    .describe('Side of the square training images, in pixels.'),
  weights: digestOrNone.describe(
    'Digest of imported weights (chromatune weights import) that the encoder starts from, or none.',
  ),
  inputAdaptation: z
    .enum(['auto', 'sum', 'mean', 'replicate-normalised', 'new'])
    .default('auto')
    .describe(
      "How one channel of lightness enters an encoder made for RGB: its filters' sum or mean, the lightness three times normalised as ImageNet's, or new filters. auto: sum with imported weights, else new.",
    ),
  freezeThrough: z
    .enum(['none', 'conv1', 'conv2', 'conv3', 'conv4', 'conv5'])
    .default('none')
    .describe('Encoder stages up to this one keep their weights and moving statistics.'),
  batchNorm: z
    .enum(['micro', 'frozen'])
    .default('micro')
    .describe('Batch norm trains with the statistics of each micro-batch, or with frozen moving statistics.'),
  upsampling: z
    .enum(['nearest', 'bilinear', 'transposed'])
    .default('nearest')
    .describe("How the decoder doubles the side; bilinear is PyTorch's with align_corners=False."),
  outputActivation: z
    .enum(['linear', 'sigmoid', 'tanh'])
    .default('linear')
    .describe('Last activation of the regression head. The report used sigmoid.'),
  headKernel: z
    .union([z.literal(1), z.literal(3)])
    .default(1)
    .describe(
      "Kernel of fc0 and fc2 of the classification head: the report's text says 1, its Table 2 says 3.",
    ),
  headResolution: z
    .enum(['full', 'quarter'])
    .default('quarter')
    .describe(
      'Where colour bins are predicted: every pixel (the report) or every fourth (Zhang et al. 2016).',
    ),
  reluBeforeSoftmax: z
    .boolean()
    .default(false)
    .describe("The report's Table 2 has a ReLU before the softmax."),
} as const;

export const trainingParameters = {
  loss: z
    .enum(['regression', 'classification', 'combined'])
    .default('regression')
    .describe('Error of ab, cross entropy over colour bins, or both on one encoder.'),
  regressionLoss: z
    .enum(['mse', 'huber'])
    .default('mse')
    .describe('Squared error of ab, or Huber: squared up to a difference, linear beyond.'),
  huberDelta: z
    .number()
    .positive()
    .max(200)
    .default(10)
    .describe('Difference in ab units beyond which Huber is linear.'),
  binGridSize: z
    .number()
    .int()
    .min(5)
    .max(40)
    .default(10)
    .describe('Side of a colour bin in ab units (classification only).'),
  binSet: z
    .enum(['gamut', 'square', 'full', 'zhang-313', 'corner'])
    .default('gamut')
    .describe(
      "Cells that sRGB reaches; all centred within ±125 (625 at grid size 10); all 256² / grid² cells; the 313 bins of Zhang et al. (grid size 10); the report's literal cells, whose centres miss neutral grey (by -3, -3 at grid size 10).",
    ),
  encoding: z
    .enum(['hard', 'soft'])
    .default('hard')
    .describe(
      'Target of a pixel: its nearest bin (of the corner set its cell), or weights of the nearest bins (Zhang et al. 2016).',
    ),
  softNeighbors: z
    .number()
    .int()
    .min(1)
    .max(32)
    .default(5)
    .describe('Bins that share a soft target: 5 in the paper, 10 in its released code.'),
  softSigma: z.number().positive().max(50).default(5).describe('Gaussian of a soft target, in ab units.'),
  rebalancing: z
    .enum(['none', 'paper', 'released-code'])
    .default('none')
    .describe('Weighs rare colours more: v(Z) of Zhang et al. 2016, or as their released code does it.'),
  rebalancingLambda: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('Share of the uniform distribution mixed into the prior; 1 weighs all bins alike.'),
  rebalancingSigma: z
    .number()
    .min(0)
    .max(50)
    .default(5)
    .describe('Gaussian that smooths the prior, in ab units.'),
  doubleSoftmax: z
    .boolean()
    .default(false)
    .describe(
      "Cross entropy of the softmax's softmax, as the report's text can be read. Has a floor far above 0.",
    ),
  decoding: z
    .enum(['annealed-mean', 'mean', 'argmax'])
    .default('annealed-mean')
    .describe('How a distribution over bins becomes one colour.'),
  decodeTemperature: z
    .number()
    .min(0.01)
    .max(2)
    .default(0.38)
    .describe('Annealed mean of Zhang et al.: 1 is the mean, towards 0 the mode (classification only).'),
  regressionWeight: z
    .number()
    .positive()
    .max(10_000)
    .default(10)
    .describe('Weight of the regression term of the combined loss beside the cross entropy.'),
  decodeFrom: z
    .enum(['classification', 'regression'])
    .default('classification')
    .describe('Head of the combined network that colours pictures and is measured.'),
  lossReduction: z
    .enum(['mean', 'sum'])
    .default('mean')
    .describe(
      "Loss of an image: mean over its pixels, or their sum as in the report. Always averaged over the batch's images.",
    ),
  optimizer: z.enum(['adam', 'adamw', 'sgd']).default('adam').describe("With PyTorch's semantics."),
  learningRate: z.number().positive().max(10).default(1e-3),
  beta1: z.number().min(0).max(0.9999).default(0.9),
  beta2: z.number().min(0).max(0.99999).default(0.999),
  epsilon: z.number().positive().max(1).default(1e-8),
  momentum: z.number().min(0).max(0.9999).default(0.9).describe('Momentum of SGD.'),
  nesterov: z.boolean().default(false).describe("Nesterov's momentum."),
  weightDecay: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('Added to the gradient (Adam, SGD), or taken from the weights directly (AdamW).'),
  encoderLearningRateFactor: z
    .number()
    .min(0)
    .max(10)
    .default(1)
    .describe("The encoder's learning rate as a multiple of the decoder's."),
  schedule: z
    .enum(['constant', 'step', 'cosine'])
    .default('constant')
    .describe('How the learning rate falls over the epochs.'),
  scheduleEvery: z.number().int().min(1).max(10_000).default(10).describe('Epochs between two falls.'),
  scheduleFactor: z.number().positive().max(1).default(0.1).describe('What each fall leaves.'),
  scheduleFloor: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('Share of the learning rate at which the cosine ends.'),
  warmupSteps: z
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe('Steps over which the learning rate rises linearly at first.'),
  gradientClip: z
    .number()
    .min(0)
    .max(1e6)
    .default(0)
    .describe('Largest norm of the whole gradient; 0 does not clip.'),
  averageDecay: z
    .number()
    .min(0)
    .max(0.99999)
    .default(0)
    .describe('Decay of the moving average of the weights that is validated and kept; 0 averages nothing.'),
  batchSize: z.number().int().min(1).max(1024).default(32),
  microBatch: z
    .number()
    .int()
    .min(0)
    .max(1024)
    .default(0)
    .describe(
      'Images computed at once; their gradients are added up to the batch. 0: as many as fit the memory.',
    ),
  flip: z.boolean().default(true).describe('Mirror half of the training images, chosen anew each epoch.'),
  crop: z
    .number()
    .min(0.25)
    .max(1)
    .default(1)
    .describe(
      'Side of a random square cut out of each training image, as a share of its side; 1 cuts nothing.',
    ),
  lpips: digestOrNone.describe(
    'Digest of imported weights of LPIPS (chromatune weights import) by which validation also measures the perceptual distance to the true pictures, or none. Changes nothing in the training.',
  ),
  deterministic: z
    .boolean()
    .default(true)
    .describe('Only operations that give the same bits again; off may be faster on GPUs.'),
  compile: z
    .boolean()
    .default(true)
    .describe(
      'On GPUs, have XLA compile the training step: it takes up to a minute at the start of a run, and then half the time or less of each step. What XLA refuses is computed without it, and the log says so. Steps on CPUs are not compiled.',
    ),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(0)
    .describe('Initial weights, data order and augmentation follow from it.'),
} as const;

export const parameterSchemas = { ...modelParameters, ...trainingParameters } as const;
export type ParameterName = keyof typeof parameterSchemas;
export const parameterNames = Object.keys(parameterSchemas) as ParameterName[];

export const parameterValue = z.union([z.string(), z.number(), z.boolean()]);
export type ParameterValue = z.infer<typeof parameterValue>;

/**
 * The least that a new sweep may ask for, where its schema allows less: recipes that were stored with less stay readable.
 * Adam's epsilon: float32 loses the square of a gradient below 1e-18, beside which a smaller epsilon lets steps grow without
 * bound, and one that is lost itself makes them 0 / 0. Huber's delta: in units of its targets, what is far smaller is lost.
 */
export const leastAsked: Partial<Record<ParameterName, number>> = { epsilon: 1e-16, huberDelta: 1e-6 };

/** Holds where a parameter has one of these values. */
export interface ParameterCondition {
  parameter: ParameterName;
  values: readonly ParameterValue[];
}

const ofRegression: ParameterCondition = { parameter: 'loss', values: ['regression', 'combined'] };
const ofClassification: ParameterCondition = { parameter: 'loss', values: ['classification', 'combined'] };
const ofCombined: ParameterCondition = { parameter: 'loss', values: ['combined'] };
const ofSoft: ParameterCondition = { parameter: 'encoding', values: ['soft'] };
const ofRebalancing: ParameterCondition = { parameter: 'rebalancing', values: ['paper', 'released-code'] };
const ofAdam: ParameterCondition = { parameter: 'optimizer', values: ['adam', 'adamw'] };
const ofSgd: ParameterCondition = { parameter: 'optimizer', values: ['sgd'] };

/**
 * Parameters that only mean something beside a certain value of another, which may itself need a third. Elsewhere they
 * are left out of the recipe.
 */
export const parameterNeeds: Partial<Record<ParameterName, ParameterCondition>> = {
  outputActivation: ofRegression,
  regressionLoss: ofRegression,
  huberDelta: { parameter: 'regressionLoss', values: ['huber'] },
  headKernel: ofClassification,
  headResolution: ofClassification,
  reluBeforeSoftmax: ofClassification,
  binSet: ofClassification,
  binGridSize: { parameter: 'binSet', values: ['gamut', 'square', 'full', 'corner'] },
  encoding: ofClassification,
  softNeighbors: ofSoft,
  softSigma: ofSoft,
  rebalancing: ofClassification,
  rebalancingLambda: ofRebalancing,
  rebalancingSigma: ofRebalancing,
  doubleSoftmax: ofClassification,
  decoding: ofClassification,
  decodeTemperature: { parameter: 'decoding', values: ['annealed-mean'] },
  regressionWeight: ofCombined,
  decodeFrom: ofCombined,
  beta1: ofAdam,
  beta2: ofAdam,
  epsilon: ofAdam,
  momentum: ofSgd,
  nesterov: ofSgd,
  scheduleEvery: { parameter: 'schedule', values: ['step'] },
  scheduleFactor: { parameter: 'schedule', values: ['step'] },
  scheduleFloor: { parameter: 'schedule', values: ['cosine'] },
};

/** What a parameter needs, what that needs in turn, and so on: nearest first. */
export function allNeeds(name: ParameterName): ParameterCondition[] {
  const need = parameterNeeds[name];
  return need ? [need, ...allNeeds(need.parameter)] : [];
}

/** The parameters that a sweep gave one run: only those that vary, in the order of the spec. */
export const parameterValues = z.record(z.string(), parameterValue);
export type ParameterValues = z.infer<typeof parameterValues>;
