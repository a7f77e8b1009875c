import { type ClassificationRecipe, type RegressionRecipe } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { binCenters } from '../color/bins.js';
import { type Declarations, torchDefault, zeros } from './declarations.js';
import { batchNorm, convolution, type Layer, relu, sequence, upsample } from './layers.js';
import { type Encoder, scaled } from './resnet.js';

/**
 * The decoder of the report's Table 1: from conv4_x to ab at the image's size. Its last layer predicts at half size and is
 * upsampled, as the table says. `linear` and `tanh` begin with zeros there, so that the first prediction is grey;
 * `sigmoid`, the report's, begins as PyTorch does.
 */
export function regressionHead(
  declarations: Declarations,
  encoder: Encoder,
  { outputActivation }: RegressionRecipe,
  width: number,
): Layer {
  const [wide, middle, narrow] = [scaled(128, width), scaled(64, width), scaled(32, width)];
  return sequence(
    block(declarations, 'decoder/0', { from: encoder.channels, to: wide, kernel: 3 }),
    upsample,
    block(declarations, 'decoder/1', { from: wide, to: middle, kernel: 3 }),
    upsample,
    block(declarations, 'decoder/2', { from: middle, to: narrow, kernel: 3 }),
    upsample,
    outputActivation === 'sigmoid'
      ? decoderConvolution(declarations, 'decoder/3/conv', { from: narrow, to: 2, kernel: 3 })
      : greyConvolution(declarations, 'decoder/3/conv', { from: narrow, to: 2, kernel: 3 }),
    activations[outputActivation],
    upsample,
  );
}

/**
 * The decoder of the report's Table 2: from conv3_x to one logit a colour bin. `full` upsamples three times, to the
 * image's size; `quarter` only once (Zhang et al. predict at a quarter of the side), with the same convolutions.
 */
export function classificationHead(
  declarations: Declarations,
  encoder: Encoder,
  recipe: ClassificationRecipe,
  width: number,
): Layer {
  const { headKernel: kernel, headResolution, reluBeforeSoftmax } = recipe;
  const [narrow, wide, widest] = [scaled(64, width), scaled(500, width), scaled(1000, width)];
  const bins = binCenters(recipe.binGridSize, recipe.binSet).a.length;
  const upsampleAtFull = headResolution === 'full' ? [upsample] : [];
  return sequence(
    upsample,
    block(declarations, 'decoder/0', { from: encoder.channels, to: narrow, kernel: 3 }),
    ...upsampleAtFull,
    block(declarations, 'decoder/1', { from: narrow, to: wide, kernel: 3 }),
    ...upsampleAtFull,
    block(declarations, 'decoder/fc0', { from: wide, to: widest, kernel }),
    decoderConvolution(declarations, 'decoder/fc2/conv', { from: widest, to: bins, kernel }),
    ...(reluBeforeSoftmax ? [relu] : []),
  );
}

interface Shape {
  from: number;
  to: number;
  kernel: number;
}

const activations: Record<RegressionRecipe['outputActivation'], Layer> = {
  linear: (x) => x,
  sigmoid: (x) => tf.sigmoid(x),
  tanh: (x) => tf.tanh(x),
};

const block = (declarations: Declarations, name: string, shape: Shape): Layer =>
  sequence(
    decoderConvolution(declarations, `${name}/conv`, shape),
    batchNorm(declarations, `${name}/bn`, shape.to),
    relu,
  );

/** With a bias, as `nn.Conv2d` has unless told otherwise, and its default initial values. */
function decoderConvolution(declarations: Declarations, name: string, shape: Shape): Layer {
  const initial = torchDefault(shape.kernel ** 2 * shape.from);
  return convolution(declarations, name, { ...shape, initialWeight: initial, initialBias: initial });
}

const greyConvolution = (declarations: Declarations, name: string, shape: Shape): Layer =>
  convolution(declarations, name, { ...shape, initialWeight: zeros, initialBias: zeros });
