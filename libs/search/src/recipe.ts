import {
  type LossRecipe,
  type ParameterName,
  type parameterSchemas,
  type ParameterValues,
  recipe,
  type Recipe,
  type SweepSpec,
} from '@chromatune/contracts';
import { fixedValue, listedValues, whenOf } from './space.js';

/**
 * The recipe of one run of a sweep: its parameter values, else the spec's fixed ones, else the defaults; what its loss
 * does not use is left out. Throws a ZodError for values that no recipe may have.
 */
export function toRecipe(spec: SweepSpec, values: ParameterValues, dataset: Recipe['dataset']): Recipe {
  const of = <N extends ParameterName>(name: N) => {
    const value = values[name] ?? soleValue(spec, name) ?? fixedValue(spec, name);
    return value as Value<N>; // proved below, by the schema of the whole recipe
  };
  const made: Recipe = {
    recipeVersion: 1,
    dataset,
    model: { encoder: of('encoder'), width: of('width'), imageSize: of('imageSize') },
    loss: toLoss(of),
    optimizer: {
      type: 'adam',
      learningRate: of('learningRate'),
      beta1: of('beta1'),
      beta2: of('beta2'),
      epsilon: of('epsilon'),
    },
    batchSize: of('batchSize'),
    epochs: spec.budget.epochs,
    seed: of('seed'),
    augmentation: { flip: of('flip') },
    samples: spec.samples,
  };
  return recipe.parse(made);
}

type Value<N extends ParameterName> = ReturnType<(typeof parameterSchemas)[N]['parse']>;
type ValueOf = <N extends ParameterName>(name: N) => Value<N>;

function toLoss(of: ValueOf): LossRecipe {
  if (of('loss') === 'regression') return { type: 'regression', outputActivation: of('outputActivation') };
  return {
    type: 'classification',
    binGridSize: of('binGridSize'),
    binSet: of('binSet'),
    headKernel: of('headKernel'),
    headResolution: of('headResolution'),
    reluBeforeSoftmax: of('reluBeforeSoftmax'),
    decodeTemperature: of('decodeTemperature'),
  };
}

/** The value of a parameter that stands in the space but does not vary. */
function soleValue(spec: SweepSpec, name: ParameterName) {
  const domain = spec.space[name];
  if (domain === undefined || Object.keys(whenOf(domain)).length > 0) return undefined;
  const values = listedValues(domain);
  return values?.length === 1 ? values[0] : undefined;
}
