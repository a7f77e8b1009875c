import * as tf from '@tensorflow/tfjs';
import { declare, type Declarations, type NamedVariable } from './declarations.js';
import { type HeadPlan } from './heads.js';
import { buildLayers, type Layer, type ObserveStatistics } from './layers.js';
import { type NetworkRecipe, planNetwork } from './network-plan.js';
import { type Prediction } from './prediction.js';

/** A network from L to what its loss understands, as plain variables and functions. */
export interface Network {
  /** All parameters, named like `encoder/layer1/0/conv1/weight`. The order is fixed. */
  variables: NamedVariable[];
  /** Those of `variables` that training changes: all but those of frozen stages. */
  trainable: NamedVariable[];
  /** Moving mean and variance of each batch norm, named like `encoder/bn1/running_mean`. */
  statistics: NamedVariable[];
  /** Those of `statistics` that training moves, mean and variance in the order in which `observe` is told of them. */
  movingStatistics: NamedVariable[];
  /**
   * @param l (L - 50) / 100, shape [n, height, width, 1], both multiples of 16 (32 when cut after conv5)
   * @param training whether batch norm uses the batch's statistics, unless it is frozen; the moving ones are not changed here
   * @param observe is told the batch's statistics for `movingStatistics`, when training; it must tf.keep what it wants
   */
  forward(l: tf.Tensor4D, training: boolean, observe?: ObserveStatistics): Prediction;
  dispose(): void;
}

/**
 * A network with initial weights that follow from `seed` and each variable's name alone.
 * @throws DomainError when its parts do not fit the recipe's image size
 */
export function buildNetwork(recipe: NetworkRecipe, seed: number): Network {
  const { encoder, heads } = planNetwork(recipe);
  const frozenStages = encoder.stages.filter(({ isFrozen }) => isFrozen);
  const frozen = buildPart(frozenStages, seed);
  const enter = frozenStages.length > 0 ? withoutGradient(frozen.layer) : (l: tf.Tensor4D) => l;
  const trained = buildPart(
    encoder.stages.filter(({ isFrozen }) => !isFrozen),
    seed,
  );
  const outputs = heads.map(({ output, ...head }) => ({ output, ...buildPart([head], seed) }));

  const moving = [trained, ...outputs];
  const all = [frozen, ...moving];
  const collect = (parts: Declarations[], of: keyof Declarations) => parts.flatMap((part) => part[of]);
  const variables = collect(all, 'parameters');
  const statistics = collect(all, 'statistics');
  const movesStatistics = recipe.model.batchNorm === 'micro';

  return {
    variables,
    trainable: collect(moving, 'parameters'),
    statistics,
    movingStatistics: movesStatistics ? collect(moving, 'statistics') : [],
    forward: (l, training, observe) =>
      tf.tidy(() => {
        const mode = { training, statistics: movesStatistics ? 'batch' : 'moving', observe } as const;
        const features = trained.layer(enter(l), mode);
        const parts = outputs.map(({ output, layer }) => [output, layer(features, mode)]);
        return Object.fromEntries(parts) as Prediction & tf.TensorContainerObject;
      }),
    dispose: () => tf.dispose([...variables, ...statistics].map(({ variable }) => variable)),
  };
}

interface Part extends Declarations {
  layer: Layer;
}

function buildPart(parts: Pick<HeadPlan, 'layers'>[], seed: number): Part {
  const layers = parts.flatMap((part) => part.layers);
  const declarations = declare(layers, seed);
  return { ...declarations, layer: buildLayers(layers, declarations) };
}

/** Computes as in prediction, in training too: nothing is kept for the backward pass, which never comes here. */
function withoutGradient(layer: Layer): (x: tf.Tensor4D) => tf.Tensor4D {
  const predict = tf.customGrad((x) => ({
    value: layer(x as tf.Tensor4D, { training: false, statistics: 'moving' }),
    gradFunc: () => {
      throw new Error('Frozen stages have no gradient.');
    },
  }));
  return (x) => predict(x) as tf.Tensor4D;
}
