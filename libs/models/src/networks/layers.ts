import * as tf from '@tensorflow/tfjs';
import { kernels } from '../kernels.js';
import { type Declarations } from './declarations.js';
import { imageNetDeviation, imageNetMean } from './input-adaptation.js';
import {
  type BatchNormPlan,
  type ConvolutionPlan,
  type LayerPlan,
  type MaxPoolPlan,
  type PlainPlan,
  type TransposedConvolutionPlan,
} from './layer-plan.js';
import { upsampleBilinear, upsampleNearest } from './upsampling.js';

/** Told the statistics of the batch by each batch norm that uses them, in the order of the network's `movingStatistics`. */
export type ObserveStatistics = (mean: tf.Tensor1D, unbiasedVariance: tf.Tensor1D) => void;

export interface Mode {
  /** All intermediate tensors live on for the gradient. */
  training: boolean;
  /** What batch norm normalises with in training; else with the moving statistics always. */
  statistics: 'batch' | 'moving';
  observe?: ObserveStatistics;
}

/** A part of a network, on NHWC tensors. */
export type Layer = (x: tf.Tensor4D, mode: Mode) => tf.Tensor4D;

/** Finds a variable by its name. */
type Variables = (name: string) => tf.Variable;

/** The layers of a plan, one after the other, on variables that were declared for them. */
export function buildLayers(plans: readonly LayerPlan[], { parameters, statistics }: Declarations): Layer {
  const byName = new Map([...parameters, ...statistics].map(({ name, variable }) => [name, variable]));
  return sequence(plans, (name) => {
    const variable = byName.get(name);
    if (!variable) throw new Error(`The network uses ${name}, which it does not declare.`);
    return variable;
  });
}

/** When not training, each intermediate tensor is freed as soon as the next one is there. */
function sequence(plans: readonly LayerPlan[], variables: Variables): Layer {
  const layers = plans.flatMap((plan, index) => {
    if (isUpsampling(plan) && plans[index + 1]?.kind === 'convolution') return []; // the convolution does both
    return build(plan, variables, { upsamples: isUpsampling(plans[index - 1]) });
  });
  return (input, mode) => {
    let x = input;
    for (const layer of layers) {
      const y = mode.training ? layer(x, mode) : tf.tidy(() => layer(x, mode));
      if (!mode.training && x !== input && x !== y) x.dispose();
      x = y;
    }
    return x;
  };
}

const isUpsampling = (plan?: LayerPlan) => plan?.kind === 'nearest upsampling';

interface Place {
  /** Whether it doubles the side before. */
  upsamples: boolean;
}

function build(plan: LayerPlan, variables: Variables, place: Place): Layer {
  switch (plan.kind) {
    case 'convolution':
      return convolution(plan, variables, place);
    case 'transposed convolution':
      return transposedConvolution(plan, variables);
    case 'batch norm':
      return batchNorm(plan, variables);
    case 'max pool':
      return maxPool(plan);
    case 'residual': {
      const [main, shortcut] = [sequence(plan.main, variables), sequence(plan.shortcut, variables)];
      return (x, mode) => tf.add(main(x, mode), shortcut(x, mode));
    }
    default:
      return plainLayers[plan.kind];
  }
}

const plainLayers: Record<PlainPlan['kind'], Layer> = {
  relu: (x) => kernels().relu(x),
  sigmoid: (x) => tf.sigmoid(x),
  tanh: (x) => tf.tanh(x),
  'nearest upsampling': (x) => upsampleNearest(x),
  'bilinear upsampling': (x) => upsampleBilinear(x),
  'normalise input': (l) =>
    tf.div(tf.sub(tf.add(l, 0.5), tf.tensor1d([...imageNetMean])), tf.tensor1d([...imageNetDeviation])),
};

/** Weights lie as (height, width, from, to). */
function convolution(
  { name, stride, bias }: ConvolutionPlan,
  variables: Variables,
  { upsamples }: Place,
): Layer {
  const filter = variables(`${name}/weight`) as unknown as tf.Tensor4D;
  const offset = bias && variables(`${name}/bias`);
  return (x) => {
    const y = upsamples ? upsampleAndConvolve(x, filter) : convolve(x, filter, stride);
    return offset ? tf.add(y, offset) : y;
  };
}

/** 'same' pads as PyTorch only at stride 1; at stride 2 TensorFlow would put the odd row at the other end. */
function convolve(x: tf.Tensor4D, filter: tf.Tensor4D, stride: number): tf.Tensor4D {
  if (stride === 1) return tf.conv2d(x, filter, 1, 'same');
  return tf.conv2d(pad(x, (filter.shape[0] - 1) / 2), filter, stride, 'valid');
}

/** 1 × 1 weights make the same of all copies of a pixel, which are made afterwards. */
function upsampleAndConvolve(x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D {
  if (filter.shape[0] === 1) return upsampleNearest(convolve(x, filter, 1));
  return kernels().convolveUpsampled(x, filter);
}

/** Weights lie as (height, width, to, from). */
function transposedConvolution({ name, channels }: TransposedConvolutionPlan, variables: Variables): Layer {
  const filter = variables(`${name}/weight`) as unknown as tf.Tensor4D;
  const bias = variables(`${name}/bias`);

  // The convolution that it transposes takes an even side by kernel 4 and stride 2: there 'same' is one pixel on each side.
  return (x) => {
    const [images, height, width] = x.shape;
    const shape: [number, number, number, number] = [images, 2 * height, 2 * width, channels];
    return tf.add(tf.conv2dTranspose(x, filter, shape, 2, 'same'), bias);
  };
}

/** PyTorch's, as torchvision's networks and `nn.BatchNorm2d` have it. */
const batchNormEpsilon = 1e-5;

/** Its statistics keep PyTorch's names; the moving variance is the unbiased one. */
function batchNorm({ name, channels }: BatchNormPlan, variables: Variables): Layer {
  const vector = (tensor: string) => variables(`${name}/${tensor}`) as unknown as tf.Tensor1D;
  const [gamma, beta] = [vector('weight'), vector('bias')];
  const [movingMean, movingVariance] = [vector('running_mean'), vector('running_var')];

  return (x, { training, statistics, observe }) => {
    if (!training) {
      return tf.batchNorm(x, movingMean, movingVariance, beta, gamma, batchNormEpsilon) as tf.Tensor4D;
    }
    if (statistics === 'moving') {
      const scale = tf.mul(gamma, tf.rsqrt(tf.add(movingVariance, batchNormEpsilon)));
      return tf.add(tf.mul(x, scale), tf.sub(beta, tf.mul(movingMean, scale)));
    }
    const { y, mean, variance } = kernels().batchNorm(x, gamma, beta, batchNormEpsilon);
    if (observe) {
      const values = x.size / channels;
      observe(mean, tf.mul(variance, values / Math.max(1, values - 1))); // a single value has no unbiased variance
    }
    return y;
  };
}

function maxPool({ window }: MaxPoolPlan): Layer {
  if (window === 2) return (x) => tf.maxPool(x, 2, 2, 'valid');
  return (x) => tf.maxPool(pad(x, 1), 3, 2, 'valid'); // no value is negative: a border of zeros is neutral
}

/** With a border of zeros. */
export function pad(x: tf.Tensor4D, border: number): tf.Tensor4D {
  if (border === 0) return x;
  return tf.pad4d(x, [
    [0, 0],
    [border, border],
    [border, border],
    [0, 0],
  ]);
}
