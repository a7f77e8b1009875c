import type { ClassificationRecipe, ModelRecipe, Recipe, RegressionRecipe } from './recipe.js';

// The plain case of each part of a recipe: what the defaults of its parameters make, and all that version 1 knew.

export const plainModel: ModelRecipe = {
  encoder: 'resnet34',
  cut: 'conv4',
  width: 1,
  imageSize: 64,
  weights: 'none',
  inputAdaptation: 'new',
  freezeThrough: 'none',
  batchNorm: 'micro',
  upsampling: 'nearest',
};

export const plainRegression: RegressionRecipe = {
  type: 'regression',
  outputActivation: 'linear',
  penalty: { type: 'mse' },
  reduction: 'mean',
};

export const plainClassification: ClassificationRecipe = {
  type: 'classification',
  binGridSize: 10,
  binSet: 'gamut',
  headKernel: 1,
  headResolution: 'quarter',
  reluBeforeSoftmax: false,
  doubleSoftmax: false,
  encoding: { type: 'hard' },
  rebalancing: { type: 'none' },
  decoding: { type: 'annealed-mean', temperature: 0.38 },
  reduction: 'mean',
};

export const plainAdam: Extract<Recipe['optimizer'], { type: 'adam' }> = {
  type: 'adam',
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
};

/** How training goes beside network, loss and optimizer. */
export const plainTraining = {
  encoderLearningRateFactor: 1,
  schedule: { type: 'constant' },
  warmupSteps: 0,
  gradientClip: 0,
  averageDecay: 0,
  batchSize: 32,
  microBatch: 0,
  seed: 0,
  augmentation: { flip: true, crop: 1 },
  deterministic: true,
} as const satisfies Partial<Recipe>;
