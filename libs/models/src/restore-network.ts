import { DomainError } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { type Network } from './networks/network.js';
import { type StateTensor } from './training/step.js';

/**
 * Gives a network what a training step's state says, to predict with: the averaged weights where it keeps an average, as in
 * validation, else the weights themselves, and the moving statistics.
 * @throws DomainError when the state is of another network
 */
export function restoreNetwork(
  { variables, statistics }: Pick<Network, 'variables' | 'statistics'>,
  state: readonly StateTensor[],
): void {
  const tensors = new Map(state.map((tensor) => [tensor.name, tensor]));
  const values = [...variables, ...statistics].map(({ name, variable }) => {
    const stored = tensors.get(`average/${name}`) ?? tensors.get(name);
    if (!stored) throw otherNetwork(`it has no ${name}`);
    if (String(stored.shape) !== String(variable.shape)) {
      throw otherNetwork(
        `its ${name} has shape (${stored.shape.join(', ')}), not (${variable.shape.join(', ')})`,
      );
    }
    return { variable, data: stored.data };
  });
  for (const { variable, data } of values) tf.tidy(() => variable.assign(tf.tensor(data, variable.shape)));
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
