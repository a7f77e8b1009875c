import * as tf from '@tensorflow/tfjs';
import { type Loss } from '../losses/loss.js';
import { type Network } from '../networks/network.js';
import { type BatchTensors, toNetworkInput } from './batch.js';

/** PyTorch's momentum of batch norm: the share of the batch in the next moving statistic. */
export const statisticsMomentum = 0.1;

export interface Gradients {
  loss: tf.Scalar;
  /** Of each trainable variable, in the network's order. */
  gradients: tf.Tensor[];
  /** The batch's own statistics, in the order of the network's `movingStatistics`. */
  statistics: tf.Tensor1D[];
}

/**
 * Loss of a batch and its gradients, by tensor operations alone: computed op by op, or recorded as a graph. The caller
 * frees the results (or has them freed by its tidy).
 */
export function lossAndGradients(network: Network, loss: Loss, { l, ab }: BatchTensors): Gradients {
  const input = toNetworkInput(l);
  const statistics: tf.Tensor1D[] = [];
  const variables = network.trainable.map(({ variable }) => variable);
  const { value, grads } = tf.variableGrads(() => {
    const prediction = network.forward(input, true, (mean, variance) => {
      statistics.push(tf.keep(mean), tf.keep(variance));
    });
    return loss.value(prediction, ab);
  }, variables);
  input.dispose();
  return { loss: value, gradients: variables.map(({ name }) => grads[name]!), statistics };
}

/** The next moving statistic: a tenth of the way to that of the batch. */
export const movedStatistic = <T extends tf.Tensor>(moving: T, batch: tf.Tensor): T =>
  tf.add(tf.mul(moving, 1 - statisticsMomentum), tf.mul(batch, statisticsMomentum));
