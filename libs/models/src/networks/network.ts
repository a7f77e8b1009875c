import { type Recipe } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { Declarations, type NamedVariable } from './declarations.js';
import { classificationHead, regressionHead } from './heads.js';
import { type Mode, type ObserveStatistics, sequence } from './layers.js';
import { type Prediction } from './prediction.js';
import { resnet } from './resnet.js';

export type NetworkRecipe = Pick<Recipe, 'model' | 'loss'>;

/** A network from L to what its loss understands, as plain variables and functions. */
export interface Network {
  /** Trainable, named like `encoder/layer1/0/conv1/weight`. The order is fixed. */
  variables: NamedVariable[];
  /** Those that training changes; the others are frozen. */
  trainable: NamedVariable[];
  /** Moving mean and variance of each batch norm, named like `encoder/bn1/running_mean`. */
  statistics: NamedVariable[];
  /** Those that training moves, in the order in which `observe` is told. */
  movingStatistics: NamedVariable[];
  /**
   * @param l (L - 50) / 100, shape [n, height, width, 1], both multiples of 16 (32 when cut after conv5)
   * @param training whether batch norm uses the batch's statistics; the moving ones are not changed here
   * @param observe is told each batch norm's statistics of the batch, when training; it must tf.keep what it wants
   */
  forward(l: tf.Tensor4D, training: boolean, observe?: ObserveStatistics): Prediction;
  dispose(): void;
}

/** A network with initial weights that follow from `seed` and each variable's name alone. */
export function buildNetwork(recipe: NetworkRecipe, seed: number): Network {
  const declarations = new Declarations();
  const predict = declareNetwork(declarations, recipe);
  const { variables, statistics } = declarations.allocate(seed);
  return {
    variables,
    trainable: variables,
    statistics,
    movingStatistics: statistics,
    forward: (l, training, observe) => tf.tidy(() => predict(l, { training, observe })),
    dispose: () => tf.dispose([...variables, ...statistics].map(({ variable }) => variable)),
  };
}

/** Number of trainable parameters, without allocating any. */
export function countParameters(recipe: NetworkRecipe): number {
  const declarations = new Declarations();
  declareNetwork(declarations, recipe);
  return declarations.countParameters();
}

type Predict = (l: tf.Tensor4D, mode: Mode) => Prediction & tf.TensorContainerObject;

function declareNetwork(declarations: Declarations, { model, loss }: NetworkRecipe): Predict {
  const stages = model.cut === 'conv4' ? 3 : 2;
  const encoder = resnet(declarations, { encoder: model.encoder as 'resnet18', width: model.width, stages });
  if (loss.type === 'regression') {
    const layer = sequence(encoder.layer, regressionHead(declarations, encoder, loss, model.width));
    return (l, mode) => ({ ab: layer(l, mode) });
  }
  if (loss.type === 'combined') throw new Error('A network has one head.');
  const layer = sequence(encoder.layer, classificationHead(declarations, encoder, loss, model.width));
  return (l, mode) => ({ logits: layer(l, mode) });
}
