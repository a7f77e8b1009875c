import * as tf from '@tensorflow/tfjs';
import { type Declarations, kaimingNormal } from './declarations.js';
import { batchNorm, convolution, type Layer, maxPoolOfPositive, relu, sequence } from './layers.js';

const blocksOfStages = { resnet18: [2, 2, 2, 2], resnet34: [3, 4, 6, 3] } as const;

export interface Encoder {
  layer: Layer;
  /** Channels that it puts out. */
  channels: number;
}

export interface ResNetOptions {
  encoder: keyof typeof blocksOfStages;
  /** Multiplier of all channel counts. */
  width: number;
  /** 2 cuts after conv3_x (side / 8), 3 after conv4_x (side / 16). */
  stages: 2 | 3;
}

/** torchvision's ResNet on one input channel, without its last stages and its classifier. Names are torchvision's. */
export function resnet(declarations: Declarations, { encoder, width, stages }: ResNetOptions): Encoder {
  const stem = scaled(64, width);
  const layers: Layer[] = [
    encoderConvolution(declarations, 'encoder/conv1', { from: 1, to: stem, kernel: 7, stride: 2 }),
    batchNorm(declarations, 'encoder/bn1', stem),
    relu,
    maxPoolOfPositive,
  ];
  let from = stem;
  blocksOfStages[encoder].slice(0, stages).forEach((blocks, stage) => {
    const to = scaled(64 * 2 ** stage, width);
    for (let block = 0; block < blocks; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      layers.push(basicBlock(declarations, `encoder/layer${stage + 1}/${block}`, { from, to, stride }));
      from = to;
    }
  });
  return { layer: sequence(...layers), channels: from };
}

/** A channel count times the width multiplier, at least 1. */
export const scaled = (channels: number, width: number) => Math.max(1, Math.round(channels * width));

function basicBlock(
  declarations: Declarations,
  name: string,
  { from, to, stride }: { from: number; to: number; stride: number },
): Layer {
  const residual = sequence(
    encoderConvolution(declarations, `${name}/conv1`, { from, to, kernel: 3, stride }),
    batchNorm(declarations, `${name}/bn1`, to),
    relu,
    encoderConvolution(declarations, `${name}/conv2`, { from: to, to, kernel: 3 }),
    batchNorm(declarations, `${name}/bn2`, to),
  );
  const shortcut =
    stride === 1 && from === to
      ? (x: tf.Tensor4D) => x
      : sequence(
          encoderConvolution(declarations, `${name}/downsample/0`, { from, to, kernel: 1, stride }),
          batchNorm(declarations, `${name}/downsample/1`, to),
        );
  return (x, mode) => relu(tf.add(residual(x, mode), shortcut(x, mode)), mode);
}

function encoderConvolution(
  declarations: Declarations,
  name: string,
  shape: { from: number; to: number; kernel: number; stride?: number },
): Layer {
  const initialWeight = kaimingNormal(shape.kernel ** 2 * shape.to);
  return convolution(declarations, name, { ...shape, initialWeight });
}
