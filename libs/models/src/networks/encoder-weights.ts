import { DomainError, type ModelRecipe } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { type StateTensor } from '../training/state.js';
import { type NamedVariable } from './declarations.js';
import { adaptInputFilters } from './input-adaptation.js';
import { type Network } from './network.js';

type Adaptation = Pick<ModelRecipe, 'inputAdaptation'>;

/**
 * Gives the encoder of a network these weights and moving statistics; the rest keeps its initial values. `tensors` are
 * those of a whole RGB encoder under the names of the network's variables, kernels as (height, width, from, to): what the
 * network's cut leaves away is not used. The first filters are adapted to lightness; with `new` they keep their initial
 * values. To be called before a training step takes the network over.
 * @throws DomainError when a tensor is missing or has another shape
 */
export function loadEncoderWeights(
  { variables, statistics }: Pick<Network, 'variables' | 'statistics'>,
  tensors: readonly StateTensor[],
  { inputAdaptation }: Adaptation,
): void {
  const given = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const encoder = [...variables, ...statistics].filter(({ name }) => name.startsWith('encoder/'));
  const values = encoder.flatMap(({ name, variable }) => {
    if (isInputFilter(name) && inputAdaptation === 'new') return [];
    const stored = given.get(name);
    if (!stored) throw unfitting(`it has no ${name}`);
    const tensor =
      isInputFilter(name) && inputAdaptation !== 'new' ? adaptInputFilters(stored, inputAdaptation) : stored;
    return [{ name, variable, ...checkedShape(name, tensor, variable) }];
  });
  for (const { variable, data, shape } of values) assign(variable, data, shape);
}

/** The first convolution of a ResNet and of a VGG. */
const isInputFilter = (name: string) =>
  name === 'encoder/conv1/weight' || name === 'encoder/features/0/weight';

function checkedShape(
  name: string,
  { data, shape }: Pick<StateTensor, 'data' | 'shape'>,
  variable: NamedVariable['variable'],
) {
  if (String(shape) !== String(variable.shape)) {
    throw unfitting(
      `its ${name} has shape (${shape.join(', ')}), the network's (${variable.shape.join(', ')})`,
    );
  }
  return { data, shape };
}

const assign = (variable: tf.Variable, data: Float32Array, shape: number[]) =>
  tf.tidy(() => variable.assign(tf.tensor(data, shape)));

const unfitting = (what: string) =>
  new DomainError('weights_do_not_fit', 422, `The imported weights do not fit this network: ${what}.`, {
    remedy: 'Use the encoder that they were trained with, at width 1: npx chromatune weights list names it.',
  });
