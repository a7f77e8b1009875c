import {
  type ClassificationRecipe,
  type LossRecipe,
  type ModelRecipe,
  type ParameterName,
  type parameterSchemas,
  type ParameterValues,
  recipe,
  type Recipe,
  type RegressionRecipe,
  type SweepSpec,
} from '@chromatune/contracts';
import { fixedValue, listedValues, whenOf } from './space.js';

/**
 * The recipe of one run of a sweep: its parameter values, else the spec's fixed ones, else the defaults; what its loss
 * does not use is left out. Throws a ZodError for values that no recipe may have.
 */
export const toRecipe = (spec: SweepSpec, values: ParameterValues, dataset: Recipe['dataset']): Recipe =>
  recipe.parse({ recipeVersion: 2, dataset, ...toChoices(spec, values) });

/** All of a recipe that the spec and the run decide, not proved by its schema. */
export type Choices = Omit<Recipe, 'recipeVersion' | 'dataset'>;

export function toChoices(spec: SweepSpec, values: ParameterValues): Choices {
  const of = valuesOf(spec, values);
  return {
    model: toModel(spec, values),
    loss: toLoss(of),
    optimizer: toOptimizer(spec, values),
    encoderLearningRateFactor: of('encoderLearningRateFactor'),
    schedule: toSchedule(of),
    warmupSteps: of('warmupSteps'),
    gradientClip: of('gradientClip'),
    averageDecay: of('averageDecay'),
    batchSize: of('batchSize'),
    microBatch: of('microBatch'),
    epochs: spec.budget.epochs,
    seed: of('seed'),
    augmentation: { flip: of('flip'), crop: of('crop') },
    deterministic: of('deterministic'),
    ...(of('compile') && { compile: true as const }),
    ...(of('lpips') !== 'none' && { lpips: of('lpips') }),
    samples: spec.samples,
  };
}

type Value<N extends ParameterName> = ReturnType<(typeof parameterSchemas)[N]['parse']>;
type ValueOf = <N extends ParameterName>(name: N) => Value<N>;

const valuesOf =
  (spec: SweepSpec, values: ParameterValues): ValueOf =>
  <N extends ParameterName>(name: N) => {
    const value = values[name] ?? soleValue(spec, name) ?? fixedValue(spec, name);
    return value as Value<N>; // proved by the schema of the whole recipe
  };

/**
 * Whether batch norm gets a single value a channel: after conv5 an image of 32 × 32 is one pixel, and among these images, a
 * batch or what is left of one, some piece is one image. As far as the spec says: memory may make pieces smaller.
 */
export function leavesOnePixel({ model, microBatch }: Pick<Choices, 'model' | 'microBatch'>, images: number) {
  const piece = microBatch === 0 || microBatch >= images ? images : images % microBatch || microBatch;
  return model.cut === 'conv5' && model.imageSize === 32 && model.batchNorm === 'micro' && piece === 1;
}

/** A recipe has no `auto`: what it stood for when the run was made must stay what it was. */
function toModel(spec: SweepSpec, values: ParameterValues): ModelRecipe {
  const of = valuesOf(spec, values);
  const [cut, inputAdaptation] = [of('cut'), of('inputAdaptation')];
  return {
    encoder: of('encoder'),
    cut: cut !== 'auto' ? cut : of('loss') === 'classification' ? 'conv3' : 'conv4',
    width: of('width'),
    imageSize: of('imageSize'),
    weights: of('weights'),
    inputAdaptation: inputAdaptation !== 'auto' ? inputAdaptation : of('weights') === 'none' ? 'new' : 'sum',
    freezeThrough: of('freezeThrough'),
    batchNorm: of('batchNorm'),
    upsampling: of('upsampling'),
  };
}

function toLoss(of: ValueOf): LossRecipe {
  const type = of('loss');
  if (type === 'regression') return toRegression(of);
  if (type === 'classification') return toClassification(of);
  return {
    type,
    regression: toRegression(of),
    classification: toClassification(of),
    regressionWeight: of('regressionWeight'),
    decodeFrom: of('decodeFrom'),
  };
}

function toRegression(of: ValueOf): RegressionRecipe {
  return {
    type: 'regression',
    outputActivation: of('outputActivation'),
    penalty: of('regressionLoss') === 'huber' ? { type: 'huber', delta: of('huberDelta') } : { type: 'mse' },
    reduction: of('lossReduction'),
  };
}

function toClassification(of: ValueOf): ClassificationRecipe {
  const [binSet, rebalancing, decoding] = [of('binSet'), of('rebalancing'), of('decoding')];
  return {
    type: 'classification',
    binGridSize: binSet === 'zhang-313' ? 10 : of('binGridSize'),
    binSet,
    headKernel: of('headKernel'),
    headResolution: of('headResolution'),
    reluBeforeSoftmax: of('reluBeforeSoftmax'),
    doubleSoftmax: of('doubleSoftmax'),
    encoding:
      of('encoding') === 'soft'
        ? { type: 'soft', neighbors: of('softNeighbors'), sigma: of('softSigma') }
        : { type: 'hard' },
    rebalancing:
      rebalancing === 'none'
        ? { type: rebalancing }
        : { type: rebalancing, lambda: of('rebalancingLambda'), sigma: of('rebalancingSigma') },
    decoding:
      decoding === 'annealed-mean'
        ? { type: decoding, temperature: of('decodeTemperature') }
        : { type: decoding },
    reduction: of('lossReduction'),
  };
}

export function toOptimizer(spec: SweepSpec, values: ParameterValues): Recipe['optimizer'] {
  const of = valuesOf(spec, values);
  const type = of('optimizer');
  const shared = { learningRate: of('learningRate'), weightDecay: of('weightDecay') };
  if (type === 'sgd') return { type, ...shared, momentum: of('momentum'), nesterov: of('nesterov') };
  return { type, ...shared, beta1: of('beta1'), beta2: of('beta2'), epsilon: of('epsilon') };
}

function toSchedule(of: ValueOf): Recipe['schedule'] {
  const type = of('schedule');
  if (type === 'step') return { type, every: of('scheduleEvery'), factor: of('scheduleFactor') };
  return type === 'cosine' ? { type, floor: of('scheduleFloor') } : { type };
}

/** The value of a parameter that stands in the space but does not vary. */
function soleValue(spec: SweepSpec, name: ParameterName) {
  const domain = spec.space[name];
  if (domain === undefined || Object.keys(whenOf(domain)).length > 0) return undefined;
  const values = listedValues(domain);
  return values?.length === 1 ? values[0] : undefined;
}
