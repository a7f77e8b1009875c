import * as tf from '@tensorflow/tfjs';
import { type Loss } from './losses/loss.js';
import { type Network } from './networks/network.js';
import { batchTensors, lightnessBytes, toNetworkInput } from './training/batch.js';
import { type Batch } from './training/step.js';

/** What the network makes of grey images: ab of every pixel in ab units, [n, size, size, 2]. `l` is 8-bit L. */
export function predictAb(
  network: Network,
  loss: Loss,
  l: Uint8Array,
  n: number,
  size: number,
): Float32Array {
  const ab = tf.tidy(() => loss.decode(network.forward(toNetworkInput(lightnessBytes(l, n, size)), false)));
  return readAndFree(ab);
}

/**
 * Loss of a batch with the moving statistics, mean over its pixels, and the predicted ab of every pixel. Weigh the losses
 * of several batches by their images.
 */
export function evaluateBatch(
  network: Network,
  loss: Loss,
  batch: Batch,
): { loss: number; ab: Float32Array } {
  const [value, ab] = tf.tidy(() => {
    const { l, ab } = batchTensors(batch);
    const prediction = network.forward(toNetworkInput(l), false);
    return [loss.value(prediction, ab), loss.decode(prediction)];
  });
  return { loss: readAndFree(value!)[0]!, ab: readAndFree(ab!) };
}

/** Mean loss over the pixels of all batches, with the moving statistics. */
export async function validationLoss(
  network: Network,
  loss: Loss,
  batches: AsyncIterable<Batch> | Iterable<Batch>,
): Promise<number> {
  let sum = 0;
  let images = 0;
  for await (const batch of batches) {
    sum += evaluateBatch(network, loss, batch).loss * batch.images;
    images += batch.images;
  }
  return sum / images;
}

function readAndFree(tensor: tf.Tensor): Float32Array {
  const values = tensor.dataSync<'float32'>();
  tensor.dispose();
  return values;
}
