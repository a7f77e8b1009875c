import * as tf from '@tensorflow/tfjs';
import { kernels } from '../kernels.js';
import { type Declarations, type Initial, ones, zeros } from './declarations.js';

/** Told the statistics of the batch by each batch norm, in the order of the network's `statistics`. */
export type ObserveStatistics = (mean: tf.Tensor1D, unbiasedVariance: tf.Tensor1D) => void;

export interface Mode {
  /** Batch norm uses the batch's statistics; all intermediate tensors live on for the gradient. */
  training: boolean;
  observe?: ObserveStatistics;
}

/** A part of a network, on NHWC tensors. */
export type Layer = (x: tf.Tensor4D, mode: Mode) => tf.Tensor4D;

/** PyTorch's, as torchvision's ResNet and `nn.BatchNorm2d` have it. */
const batchNormEpsilon = 1e-5;

export interface ConvolutionOptions {
  from: number;
  to: number;
  kernel: number;
  stride?: number;
  initialWeight: Initial;
  /** Left out: no bias. */
  initialBias?: Initial;
}

/** `nn.Conv2d` with padding (kernel - 1) / 2 on every side. Weights lie as (height, width, from, to). */
export function convolution(declarations: Declarations, name: string, options: ConvolutionOptions): Layer {
  const { from, to, kernel, stride = 1, initialWeight, initialBias } = options;
  const weight = declarations.parameter(`${name}/weight`, [kernel, kernel, from, to], initialWeight);
  const bias = initialBias && declarations.parameter(`${name}/bias`, [to], initialBias);
  const padding = (kernel - 1) / 2;

  return (x) => {
    const filter = weight.variable as unknown as tf.Tensor4D;
    // 'same' pads as PyTorch only at stride 1; at stride 2 TensorFlow would put the odd row at the other end.
    const y =
      stride === 1 ? tf.conv2d(x, filter, 1, 'same') : tf.conv2d(pad(x, padding), filter, stride, 'valid');
    return bias ? tf.add(y, bias.variable) : y;
  };
}

/** `nn.BatchNorm2d`. Its statistics keep PyTorch's names; the moving variance is the unbiased one. */
export function batchNorm(declarations: Declarations, name: string, channels: number): Layer {
  const gamma = declarations.parameter(`${name}/weight`, [channels], ones);
  const beta = declarations.parameter(`${name}/bias`, [channels], zeros);
  const movingMean = declarations.statistic(`${name}/running_mean`, [channels], zeros);
  const movingVariance = declarations.statistic(`${name}/running_var`, [channels], ones);
  const vector = (declared: { variable: tf.Variable }) => declared.variable as unknown as tf.Tensor1D;

  return (x, { training, observe }) => {
    if (!training) {
      return tf.batchNorm(
        x,
        vector(movingMean),
        vector(movingVariance),
        vector(beta),
        vector(gamma),
        batchNormEpsilon,
      ) as tf.Tensor4D;
    }
    const { y, mean, variance } = kernels().batchNorm(x, vector(gamma), vector(beta), batchNormEpsilon);
    if (observe) {
      const pixels = x.size / channels;
      observe(mean, tf.mul(variance, pixels / (pixels - 1)));
    }
    return y;
  };
}

export const relu: Layer = (x) => kernels().relu(x);

/** `nn.Upsample(scale_factor=2)`: each pixel four times. */
export const upsample: Layer = (x) => upsampleWithGradient(x);

/**
 * The gradient is the sum over each pixel's four copies, written here as four times their mean: TensorFlow.js's own is
 * wrong on the cpu backend for more than one image, and TensorFlow's adds up in random order on GPUs.
 */
const upsampleWithGradient = tf.customGrad((input) => {
  const x = input as tf.Tensor4D;
  return {
    value: tf.image.resizeNearestNeighbor(x, [2 * x.shape[1], 2 * x.shape[2]]),
    gradFunc: (dy: tf.Tensor) => tf.mul(tf.avgPool(dy as tf.Tensor4D, 2, 2, 'valid'), 4),
  };
}) as (x: tf.Tensor4D) => tf.Tensor4D;

/** `nn.MaxPool2d(3, stride=2, padding=1)` of a tensor without negative values, for which a border of zeros is neutral. */
export const maxPoolOfPositive: Layer = (x) => tf.maxPool(pad(x, 1), 3, 2, 'valid');

/** One layer after the other. When not training, each intermediate tensor is freed as soon as the next one is there. */
export function sequence(...layers: Layer[]): Layer {
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

function pad(x: tf.Tensor4D, border: number): tf.Tensor4D {
  if (border === 0) return x;
  return tf.pad4d(x, [
    [0, 0],
    [border, border],
    [border, border],
    [0, 0],
  ]);
}
