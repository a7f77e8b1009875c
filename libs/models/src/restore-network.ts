import { DomainError } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { type Network } from './networks/network.js';
import { type State } from './training/state.js';

/**
 * Gives a network what a training step's state says, to predict with: the averaged weights where it keeps an average, as in
 * validation, else the weights themselves, and the moving statistics.
 * @throws DomainError when the state is of another network
 */
export function restoreNetwork(
  { variables, statistics }: Pick<Network, 'variables' | 'statistics'>,
  state: State,
): void {
  const shapes = new Map(state.tensors.map(({ name, shape }) => [name, shape]));
  const values = [...variables, ...statistics].map(({ name, variable }) => {
    const stored = shapes.has(`average/${name}`) ? `average/${name}` : name;
    const shape = shapes.get(stored);
    if (!shape) throw otherNetwork(`it has no ${name}`);
    if (String(shape) !== String(variable.shape)) {
      throw otherNetwork(`its ${stored} has shape (${shape.join(', ')}), not (${variable.shape.join(', ')})`);
    }
    return { variable, stored };
  });
  for (const { variable, stored } of values) {
    tf.tidy(() => variable.assign(tf.tensor(state.read(stored), variable.shape)));
  }
}

const otherNetwork = (what: string) =>
  new DomainError(
    'checkpoint_of_another_network',
    422,
    `The checkpoint does not fit this network: ${what}.`,
    {
      remedy: 'Take a checkpoint of the same run, made by the same version of Chromatune.',
    },
  );
