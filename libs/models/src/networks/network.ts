import { type ModelRecipe } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { declare, type Declarations, type NamedVariable } from './declarations.js';
import { planEncoder } from './encoder-plan.js';
import { type LayerPlan } from './layer-plan.js';
import { buildLayers, type Layer, type Mode, type ObserveStatistics } from './layers.js';
import { type NetworkRecipe, planNetwork } from './network-plan.js';
import { type Prediction } from './prediction.js';

/** Layers with their variables, as plain functions. */
interface Built<Output> {
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
  forward(l: tf.Tensor4D, training: boolean, observe?: ObserveStatistics): Output;
  dispose(): void;
}

/** A network from L to what its loss understands. */
export type Network = Built<Prediction>;

/** The first part of a network, from L to the features of its cut: [n, height / 2^k, width / 2^k, channels]. */
export type Encoder = Built<tf.Tensor4D>;

/**
 * A network with initial weights that follow from `seed` and each variable's name alone.
 * @throws DomainError when its parts do not fit the recipe's image size
 */
export function buildNetwork(recipe: NetworkRecipe, seed: number): Network {
  const { heads } = planNetwork(recipe);
  const encoder = buildEncoder(recipe.model, seed);
  const outputs = heads.map(({ output, layers }) => ({ output, ...buildPart(layers, seed) }));
  const parameters = outputs.flatMap((head) => head.parameters);
  const statistics = outputs.flatMap((head) => head.statistics);
  return {
    variables: [...encoder.variables, ...parameters],
    trainable: [...encoder.trainable, ...parameters],
    statistics: [...encoder.statistics, ...statistics],
    movingStatistics: movesStatistics(recipe.model) ? [...encoder.movingStatistics, ...statistics] : [],
    forward: (l, training, observe) =>
      tf.tidy(() => {
        const features = encoder.forward(l, training, observe);
        const mode = modeOf(recipe.model, training, observe);
        const parts = outputs.map(({ output, layer }) => [output, layer(features, mode)]);
        return Object.fromEntries(parts) as Prediction & tf.TensorContainerObject;
      }),
    dispose: () => {
      encoder.dispose();
      disposeAll([...parameters, ...statistics]);
    },
  };
}

/** The encoder of a network, with the weights that `buildNetwork` gives it. */
export function buildEncoder(model: ModelRecipe, seed: number): Encoder {
  const { stages } = planEncoder(model);
  const layersOf = (isFrozen: boolean) =>
    stages.filter((stage) => stage.isFrozen === isFrozen).flatMap(({ layers }) => layers);
  const [frozen, trained] = [buildPart(layersOf(true), seed), buildPart(layersOf(false), seed)];
  const enter = frozen.parameters.length > 0 ? withoutGradient(frozen.layer) : (l: tf.Tensor4D) => l;

  const variables = [...frozen.parameters, ...trained.parameters];
  const statistics = [...frozen.statistics, ...trained.statistics];
  return {
    variables,
    trainable: trained.parameters,
    statistics,
    movingStatistics: movesStatistics(model) ? trained.statistics : [],
    forward: (l, training, observe) =>
      tf.tidy(() => trained.layer(enter(l), modeOf(model, training, observe))),
    dispose: () => disposeAll([...variables, ...statistics]),
  };
}

const movesStatistics = ({ batchNorm }: ModelRecipe) => batchNorm === 'micro';

const modeOf = (model: ModelRecipe, training: boolean, observe?: ObserveStatistics): Mode => ({
  training,
  statistics: movesStatistics(model) ? 'batch' : 'moving',
  ...(observe ? { observe } : {}),
});

function buildPart(layers: LayerPlan[], seed: number): Declarations & { layer: Layer } {
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

const disposeAll = (named: NamedVariable[]) => tf.dispose(named.map(({ variable }) => variable));
