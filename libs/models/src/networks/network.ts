import { type Recipe } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { Declarations, type NamedVariable } from './declarations.js';
import { classificationHead, regressionHead } from './heads.js';
import { type Layer, type ObserveStatistics, sequence } from './layers.js';
import { resnet } from './resnet.js';

export type NetworkRecipe = Pick<Recipe, 'model' | 'loss'>;

/** A network from L to what its loss understands, as plain variables and functions. */
export interface Network {
  /** Trainable, named like `encoder/layer1/0/conv1/weight`. The order is fixed. */
  variables: NamedVariable[];
  /** Moving mean and variance of each batch norm, named like `encoder/bn1/running_mean`. */
  statistics: NamedVariable[];
  /**
   * @param l (L - 50) / 100, shape [n, size, size, 1], size a multiple of 16
   * @param training whether batch norm uses the batch's statistics; the moving ones are not changed here
   * @param observe is told each batch norm's statistics of the batch, when training; it must tf.keep what it wants
   * @returns [n, size, size, 2] in target units (regression), or logits [n, side, side, bins] (classification)
   */
  forward(l: tf.Tensor4D, training: boolean, observe?: ObserveStatistics): tf.Tensor4D;
  dispose(): void;
}

/** A network with initial weights that follow from `seed` and each variable's name alone. */
export function buildNetwork(recipe: NetworkRecipe, seed: number): Network {
  const declarations = new Declarations();
  const layer = declareNetwork(declarations, recipe);
  const { variables, statistics } = declarations.allocate(seed);
  return {
    variables,
    statistics,
    forward: (l, training, observe) => tf.tidy(() => layer(l, { training, observe })),
    dispose: () => tf.dispose([...variables, ...statistics].map(({ variable }) => variable)),
  };
}

/** Number of trainable parameters, without allocating any. */
export function countParameters(recipe: NetworkRecipe): number {
  const declarations = new Declarations();
  declareNetwork(declarations, recipe);
  return declarations.countParameters();
}

function declareNetwork(declarations: Declarations, { model, loss }: NetworkRecipe): Layer {
  const { encoder: name, width } = model;
  const stages = loss.type === 'regression' ? 3 : 2;
  const encoder = resnet(declarations, { encoder: name, width, stages });
  const head =
    loss.type === 'regression'
      ? regressionHead(declarations, encoder, loss, width)
      : classificationHead(declarations, encoder, loss, width);
  return sequence(encoder.layer, head);
}
