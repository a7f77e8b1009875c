import * as tf from '@tensorflow/tfjs';
import { type Loss } from './losses/loss.js';
import { type Network } from './networks/network.js';
import { lightnessBytes, toNetworkInput } from './training/batch.js';

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

function readAndFree(tensor: tf.Tensor): Float32Array {
  const values = tensor.dataSync<'float32'>();
  tensor.dispose();
  return values;
}
