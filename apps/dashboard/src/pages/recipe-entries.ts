import type {
  ClassificationRecipe,
  ParameterName,
  ParameterValue,
  ParameterValues,
  Recipe,
  RegressionRecipe,
} from '@chromatune/contracts';

export interface RecipeEntry {
  /** As in a sweep file. */
  name: ParameterName | 'epochs';
  value: ParameterValue;
}

/** A recipe as parameters and their values, named as in a sweep file; only those that mean something in it. */
export function recipeEntries(recipe: Recipe): RecipeEntry[] {
  const { loss, model, optimizer, schedule } = recipe;
  const { type: optimizerType, ...ofOptimizer } = optimizer;
  const entries: Partial<Record<RecipeEntry['name'], ParameterValue>> = {
    loss: loss.type,
    ...ofLoss(loss),
    ...model,
    optimizer: optimizerType,
    ...ofOptimizer,
    encoderLearningRateFactor: recipe.encoderLearningRateFactor,
    schedule: schedule.type,
    ...(schedule.type === 'step' && { scheduleEvery: schedule.every, scheduleFactor: schedule.factor }),
    ...(schedule.type === 'cosine' && { scheduleFloor: schedule.floor }),
    warmupSteps: recipe.warmupSteps,
    gradientClip: recipe.gradientClip,
    averageDecay: recipe.averageDecay,
    batchSize: recipe.batchSize,
    microBatch: recipe.microBatch,
    epochs: recipe.epochs,
    seed: recipe.seed,
    flip: recipe.augmentation.flip,
    crop: recipe.augmentation.crop,
    lpips: recipe.lpips ?? 'none',
    deterministic: recipe.deterministic,
    compile: recipe.compile ?? false,
  };
  return Object.entries(entries).map(([name, value]) => ({ name: name as RecipeEntry['name'], value }));
}

/** Only what differs among recipes, for each of them; a choice that means nothing in one is left out there. */
export function differingEntries(recipes: readonly Recipe[]): ParameterValues[] {
  const all = recipes.map((recipe): ParameterValues =>
    Object.fromEntries(recipeEntries(recipe).map(({ name, value }) => [name, value])),
  );
  const differs = (name: string) => all.some((entries) => entries[name] !== all[0]?.[name]);
  return all.map((entries) => Object.fromEntries(Object.entries(entries).filter(([name]) => differs(name))));
}

type Parameters = Partial<Record<ParameterName, ParameterValue>>;

function ofLoss(loss: Recipe['loss']): Parameters {
  if (loss.type === 'regression') return ofRegression(loss);
  if (loss.type === 'classification') return ofClassification(loss);
  return {
    regressionWeight: loss.regressionWeight,
    decodeFrom: loss.decodeFrom,
    ...ofRegression(loss.regression),
    ...ofClassification(loss.classification),
  };
}

const ofRegression = ({ outputActivation, penalty, reduction }: RegressionRecipe): Parameters => ({
  outputActivation,
  regressionLoss: penalty.type,
  ...(penalty.type === 'huber' && { huberDelta: penalty.delta }),
  lossReduction: reduction,
});

function ofClassification(recipe: ClassificationRecipe): Parameters {
  const { type: _, encoding, rebalancing, decoding, reduction, ...plain } = recipe;
  return {
    ...plain,
    encoding: encoding.type,
    ...(encoding.type === 'soft' && { softNeighbors: encoding.neighbors, softSigma: encoding.sigma }),
    rebalancing: rebalancing.type,
    ...(rebalancing.type !== 'none' && {
      rebalancingLambda: rebalancing.lambda,
      rebalancingSigma: rebalancing.sigma,
    }),
    decoding: decoding.type,
    ...(decoding.type === 'annealed-mean' && { decodeTemperature: decoding.temperature }),
    lossReduction: reduction,
  };
}
