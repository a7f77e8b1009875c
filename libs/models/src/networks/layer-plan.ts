import { type Initial, ones, torchDefault, zeros } from './initial.js';

// What a network is made of, as plain data: the same plan is built with TensorFlow.js and described without it.

/** `nn.Conv2d` with padding (kernel - 1) / 2 on every side. */
export interface ConvolutionPlan {
  kind: 'convolution';
  name: string;
  from: number;
  to: number;
  kernel: number;
  stride: 1 | 2;
  weight: Initial;
  /** Left out: no bias. */
  bias?: Initial;
}

/** `nn.ConvTranspose2d(channels, channels, 4, stride=2, padding=1)`, with a bias: doubles the side. */
export interface TransposedConvolutionPlan {
  kind: 'transposed convolution';
  name: string;
  channels: number;
  bias: Initial;
}

/** `nn.BatchNorm2d`. */
export interface BatchNormPlan {
  kind: 'batch norm';
  name: string;
  channels: number;
}

/** `nn.MaxPool2d` at stride 2 of a tensor without negative values: 3 × 3 padded by 1 (ResNet), or 2 × 2 (VGG). */
export interface MaxPoolPlan {
  kind: 'max pool';
  name: string;
  window: 3 | 2;
}

/** `main` plus `shortcut`; a shortcut of no layers is what comes in. */
export interface ResidualPlan {
  kind: 'residual';
  name: string;
  main: LayerPlan[];
  shortcut: LayerPlan[];
}

/** Has no parameters and needs no numbers: `normalise input` makes ImageNet's RGB of lightness. */
export interface PlainPlan {
  kind: 'relu' | 'sigmoid' | 'tanh' | 'nearest upsampling' | 'bilinear upsampling' | 'normalise input';
  name: string;
}

export type LayerPlan =
  ConvolutionPlan | TransposedConvolutionPlan | BatchNormPlan | MaxPoolPlan | ResidualPlan | PlainPlan;

/** A named array of a network. */
export interface TensorPlan {
  name: string;
  shape: number[];
  initial: Initial;
  /** Moving statistics belong to the network's state too, but no gradient changes them. */
  role: 'parameter' | 'statistic';
}

/** All arrays of some layers, in the order in which the layers run. */
export const tensorsOf = (layers: readonly LayerPlan[]): TensorPlan[] =>
  layers.flatMap((layer) =>
    layer.kind === 'residual' ? tensorsOf([...layer.main, ...layer.shortcut]) : ownTensors(layer),
  );

/** The arrays of one layer that is not made of others. */
export function ownTensors(layer: Exclude<LayerPlan, ResidualPlan>): TensorPlan[] {
  const array = (role: TensorPlan['role'], name: string, shape: number[], initial: Initial): TensorPlan => ({
    name: `${layer.name}/${name}`,
    shape,
    initial,
    role,
  });
  switch (layer.kind) {
    case 'convolution': {
      const { kernel, from, to, weight, bias } = layer;
      const filters = array('parameter', 'weight', [kernel, kernel, from, to], weight);
      return bias ? [filters, array('parameter', 'bias', [to], bias)] : [filters];
    }
    case 'transposed convolution': {
      const { channels, bias } = layer; // both channel counts are the same; PyTorch takes fan_in from the one that goes out
      const weight = torchDefault(transposedKernel ** 2 * channels);
      return [
        array('parameter', 'weight', [transposedKernel, transposedKernel, channels, channels], weight),
        array('parameter', 'bias', [channels], bias),
      ];
    }
    case 'batch norm': {
      const shape = [layer.channels];
      return [
        array('parameter', 'weight', shape, ones),
        array('parameter', 'bias', shape, zeros),
        array('statistic', 'running_mean', shape, zeros),
        array('statistic', 'running_var', shape, ones),
      ];
    }
    default:
      return [];
  }
}

export const transposedKernel = 4;

export const sizeOf = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);

/** A channel count times the width multiplier, at least 1. */
export const scaled = (channels: number, width: number) => Math.max(1, Math.round(channels * width));
