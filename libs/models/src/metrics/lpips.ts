import { type LpipsNetwork } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { kernels } from '../kernels.js';
import { pad } from '../networks/layers.js';
import { type StateTensor } from '../training/state.js';

/** The learned perceptual distance of Zhang et al. (2018), with the weights that were loaded. */
export interface Lpips {
  /**
   * Distance of each picture to the one at the same place, 0 when they are equal.
   * @param one 8-bit sRGB, [n, size, size, 3]
   * @param other the same shape
   */
  distances(one: Uint8Array, other: Uint8Array, size: number): Float32Array;
  dispose(): void;
}

/**
 * LPIPS version 0.1 as the Python package `lpips` 0.1.4 computes it: pictures from -1 to 1, shifted and scaled; features
 * after the last ReLU of each of five stages, of unit length over the channels; their squared difference, weighed by
 * channel, summed over channels, averaged over places and summed over stages.
 * @param tensors those of a canonical file of weights, kernels as (height, width, from, to)
 * @throws Error when one is missing
 */
export function buildLpips(network: LpipsNetwork, tensors: readonly StateTensor[]): Lpips {
  const weights = new Map(
    tensors.map(({ name, shape, data }) => [name, tf.keep(tf.tensor(data, shape))] as const),
  );
  const weight: WeightOf = (name) => {
    const found = weights.get(`lpips/${name}`);
    if (!found) throw new Error(`LPIPS needs ${name}, which is not there.`);
    return found;
  };
  const [shift, scale] = [weight('scaling_layer/shift'), weight('scaling_layer/scale')];
  const stages = plans[network].map((plan, index) => ({
    layers: plan.map((layer) => build(layer, `net/slice${index + 1}`, weight)),
    lin: weight(`lin${index}/model/1/weight`),
  }));

  /** Of 8-bit values: those of one half of the pictures to those of the other half. */
  const compareHalves = (bytes: tf.Tensor4D): tf.Tensor1D => {
    let x = tf.tidy(() => {
      const pictures = tf.sub(tf.div(bytes, 127.5), 1);
      return tf.div<tf.Tensor4D>(tf.sub(pictures, tf.reshape(shift, [3])), tf.reshape(scale, [3]));
    });
    const parts = stages.map(({ layers, lin }) => {
      x = runFreeing(layers, x);
      return distanceOfHalves(x, lin);
    });
    return tf.addN(parts);
  };

  return {
    distances: (one, other, size) => {
      const images = one.length / (3 * size * size);
      if (!Number.isInteger(images) || one.length !== other.length) {
        throw new RangeError(
          `${one.length} and ${other.length} bytes are no two pictures of ${size} x ${size}.`,
        );
      }
      const both = new Float32Array(2 * one.length);
      both.set(one);
      both.set(other, one.length);
      return tf.tidy(() =>
        compareHalves(tf.tensor4d(both, [2 * images, size, size, 3])).dataSync<'float32'>(),
      );
    },
    dispose: () => tf.dispose([...weights.values()]),
  };
}

type WeightOf = (name: string) => tf.Tensor;
type Layer = (x: tf.Tensor4D) => tf.Tensor4D;

/** A convolution, at its place among torchvision's `features`, with its ReLU; or a pooling of this window at stride 2. */
type LayerPlan = { place: number; stride?: number; border?: number } | { pool: number };

const at = (...places: number[]): LayerPlan[] => places.map((place) => ({ place }));

/** Layers of each stage. A convolution keeps the sides unless it says otherwise; a pooling takes no border. */
const plans: Record<LpipsNetwork, LayerPlan[][]> = {
  'lpips-alex': [
    [{ place: 0, stride: 4, border: 2 }],
    [{ pool: 3 }, ...at(3)],
    [{ pool: 3 }, ...at(6)],
    at(8),
    at(10),
  ],
  'lpips-vgg': [
    at(0, 2),
    [{ pool: 2 }, ...at(5, 7)],
    [{ pool: 2 }, ...at(10, 12, 14)],
    [{ pool: 2 }, ...at(17, 19, 21)],
    [{ pool: 2 }, ...at(24, 26, 28)],
  ],
};

function build(plan: LayerPlan, slice: string, weight: WeightOf): Layer {
  if ('pool' in plan) return (x) => tf.maxPool(x, plan.pool, 2, 'valid');
  const { place, stride = 1, border } = plan;
  const filter = weight(`${slice}/${place}/weight`) as tf.Tensor4D;
  const bias = weight(`${slice}/${place}/bias`);
  return (x) => {
    // TensorFlow itself takes no border in numbers.
    const y =
      border === undefined
        ? tf.conv2d(x, filter, stride, 'same')
        : tf.conv2d(pad(x, border), filter, stride, 'valid');
    return kernels().relu(tf.add<tf.Tensor4D>(y, bias));
  };
}

/** Runs the layers one after the other; what each is given is freed as soon as its result is there. */
function runFreeing(layers: Layer[], input: tf.Tensor4D): tf.Tensor4D {
  return layers.reduce((x, layer) => {
    const y = tf.tidy(() => layer(x));
    x.dispose();
    return y;
  }, input);
}

/** The weighed distance of the features of each picture of the first half to those of its counterpart in the second. */
const distanceOfHalves = (features: tf.Tensor4D, lin: tf.Tensor): tf.Tensor1D =>
  tf.tidy(() => {
    const length = tf.sqrt(tf.sum(tf.square(features), 3, true));
    const [one, other] = tf.split(tf.div(features, tf.add(length, shortest)), 2);
    const byChannel = tf.mul(tf.squaredDifference(one!, other!), tf.reshape(lin, [-1]));
    return tf.mean(tf.sum(byChannel, 3), [1, 2]);
  });

/** Keeps features that are all 0 from becoming NaN: the package's epsilon. */
const shortest = 1e-10;
