import { z } from 'zod';

/**
 * Every knob of a run, each with its limits and default. A sweep spec fixes them under `model` and `training` or varies
 * them under `space`; a recipe is made of one value of each. Adding a knob here makes it sweepable.
 */
export const modelParameters = {
  encoder: z
    .enum(['resnet18', 'resnet34'])
    .default('resnet34')
    .describe('Residual network cut after conv4_x (regression) or conv3_x (classification).'),
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
    .enum(['regression', 'classification'])
    .default('regression')
    .describe('Mean squared error of ab, or cross entropy over colour bins.'),
  binGridSize: z
    .number()
    .int()
    .min(5)
    .max(40)
    .default(10)
    .describe('Side of a colour bin in ab units (classification only).'),
  binSet: z
    .enum(['gamut', 'square'])
    .default('gamut')
    .describe("Bins that sRGB can reach, or the full square (625 bins at grid size 10, the report's)."),
  decodeTemperature: z
    .number()
    .min(0.01)
    .max(2)
    .default(0.38)
    .describe('Annealed mean of Zhang et al.: 1 is the mean, towards 0 the mode (classification only).'),
  learningRate: z.number().positive().max(10).default(1e-3),
  beta1: z.number().min(0).max(0.9999).default(0.9),
  beta2: z.number().min(0).max(0.99999).default(0.999),
  epsilon: z.number().positive().max(1).default(1e-8),
  batchSize: z.number().int().min(1).max(1024).default(32),
  flip: z.boolean().default(true).describe('Mirror half of the training images, chosen anew each epoch.'),
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

/** Parameters that only mean something beside a certain loss. Elsewhere they are left out of the recipe. */
export const parameterNeedsLoss: Partial<Record<ParameterName, 'regression' | 'classification'>> = {
  outputActivation: 'regression',
  headKernel: 'classification',
  headResolution: 'classification',
  reluBeforeSoftmax: 'classification',
  binGridSize: 'classification',
  binSet: 'classification',
  decodeTemperature: 'classification',
};

export const parameterValue = z.union([z.string(), z.number(), z.boolean()]);
export type ParameterValue = z.infer<typeof parameterValue>;

/** The parameters that a sweep gave one run: only those that vary, in the order of the spec. */
export const parameterValues = z.record(z.string(), parameterValue);
export type ParameterValues = z.infer<typeof parameterValues>;
