import * as tf from '@tensorflow/tfjs';
import { type Loss } from '../losses/loss.js';
import { type Network } from '../networks/network.js';
import { type BatchTensors, toNetworkInput } from './batch.js';

/** Loss and predicted ab of a batch with the moving statistics, by tensor operations alone. The caller frees the results. */
export function evaluateTensors(
  network: Network,
  loss: Loss,
  { l, ab }: BatchTensors,
): { loss: tf.Scalar; ab: tf.Tensor4D } {
  return tf.tidy(() => {
    const prediction = network.forward(toNetworkInput(l), false);
    return { loss: loss.value(prediction, ab), ab: loss.decode(prediction) };
  });
}
