import { type Recipe } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { type Loss } from './losses/loss.js';
import { type Network } from './networks/network.js';
import { type ImagesShape, lightnessBytes, toNetworkInput } from './training/batch.js';

/**
 * What the network makes of grey images of any sides: ab of every pixel in ab units, [images, height, width, 2].
 * @param l 8-bit L
 */
export function predictAb(network: Network, loss: Loss, l: Uint8Array, shape: ImagesShape): Float32Array {
  const ab = tf.tidy(() => loss.decode(network.forward(toNetworkInput(lightnessBytes(l, shape)), false)));
  const values = ab.dataSync<'float32'>();
  ab.dispose();
  return values;
}

/** Sides of images that a network takes are multiples of this. */
export const sideMultiple = ({ model }: Pick<Recipe, 'model'>): number => (model.cut === 'conv5' ? 32 : 16);
