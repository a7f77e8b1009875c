import {
  type ClassificationRecipe,
  type CombinedRecipe,
  type LossRecipe,
  type ModelRecipe,
  type RegressionRecipe,
} from '@chromatune/contracts';
import { binCenters } from '../color/bins.js';
import { type EncoderPlan } from './encoder-plan.js';
import { torchDefault, zeros } from './initial.js';
import { type LayerPlan, scaled } from './layer-plan.js';

export interface HeadPlan {
  name: string;
  /** Part of the prediction that it makes. */
  output: 'ab' | 'logits';
  layers: LayerPlan[];
}

export type HeadModel = Pick<ModelRecipe, 'width' | 'upsampling'>;

/** The heads that a loss needs: one, called `decoder`, or `regression` and `classification` beside each other. */
export function planHeads(encoder: EncoderPlan, loss: LossRecipe, model: HeadModel): HeadPlan[] {
  switch (loss.type) {
    case 'regression':
      return [regressionHead('decoder', encoder, loss, model)];
    case 'classification':
      return [classificationHead('decoder', encoder, loss, model)];
    case 'combined':
      return combinedHeads(encoder, loss, model);
  }
}

const combinedHeads = (encoder: EncoderPlan, loss: CombinedRecipe, model: HeadModel): HeadPlan[] => [
  regressionHead('regression', encoder, loss.regression, model),
  classificationHead('classification', encoder, loss.classification, model),
];

/**
 * The decoder of the report's Table 1: from conv4_x to ab at the image's size, by blocks of 128, 64 and 32 channels and a
 * convolution to ab, each followed by an upsampling. Its last layer predicts at half size and is upsampled, as the table
 * says. After conv5_x a block of 256 channels comes before them; after conv3_x and conv2_x the same layers do without the
 * first upsamplings.
 *
 * `linear` and `tanh` begin with zeros in the convolution to ab, so that the first prediction is grey; `sigmoid`, the
 * report's, begins as PyTorch does. A transposed convolution comes before the last activation, which bounds what it puts out.
 */
function regressionHead(
  name: string,
  encoder: EncoderPlan,
  { outputActivation }: RegressionRecipe,
  model: HeadModel,
): HeadPlan {
  const widths = [256, 128, 64, 32]
    .slice(encoder.halvings > 4 ? 0 : 1)
    .map((one) => scaled(one, model.width));
  const firstUpsampling = widths.length + 1 - encoder.halvings;
  const isGreyFirst = outputActivation !== 'sigmoid';
  const double = upsamplings(name, model.upsampling);

  const layers = widths.flatMap((to, index) => [
    ...block(`${name}/${index}`, { from: widths[index - 1] ?? encoder.channels, to, kernel: 3 }),
    ...(index >= firstUpsampling ? [double(to)] : []),
  ]);
  const toAb = convolution(`${name}/${widths.length}/conv`, { from: widths.at(-1)!, to: 2, kernel: 3 });
  const activation: LayerPlan[] =
    outputActivation === 'linear' ? [] : [{ kind: outputActivation, name: `${name}/${outputActivation}` }];
  const last = double(2, isGreyFirst);
  return {
    name,
    output: 'ab',
    layers: [
      ...layers,
      isGreyFirst ? { ...toAb, weight: zeros, bias: zeros } : toAb,
      ...(model.upsampling === 'transposed' ? [last, ...activation] : [...activation, last]),
    ],
  };
}

/**
 * The decoder of the report's Table 2: from conv3_x to one logit a colour bin, by blocks of 64, 500 and 1000 channels.
 * `full` upsamples before each, to the image's size; `quarter` only before the first (Zhang et al. predict at a quarter of
 * the side), with the same convolutions. After conv4_x an upsampling and a block of 128 channels come before them, after
 * conv5_x those of 256 and 128; after conv2_x the same layers do without the first upsampling.
 */
function classificationHead(
  name: string,
  encoder: EncoderPlan,
  recipe: ClassificationRecipe,
  model: HeadModel,
): HeadPlan {
  const { headKernel: kernel, headResolution, reluBeforeSoftmax } = recipe;
  const widths = [256, 128, 64, 500].slice(encoder.halvings > 3 ? 5 - encoder.halvings : 2);
  const bins = binCenters(recipe.binGridSize, recipe.binSet).a.length;
  const firstUpsampling = widths.length + 1 - encoder.halvings;
  const upsamplingsEnd = headResolution === 'full' ? widths.length + 1 : widths.length - 1;
  const double = upsamplings(name, model.upsampling);
  const doubleBefore = (index: number, channels: number) =>
    index >= firstUpsampling && index < upsamplingsEnd ? [double(channels)] : [];

  let from = encoder.channels;
  const layers = widths.flatMap((channels, index) => {
    const to = scaled(channels, model.width);
    const part = [...doubleBefore(index, from), ...block(`${name}/${index}`, { from, to, kernel: 3 })];
    from = to;
    return part;
  });
  const widest = scaled(1000, model.width);
  return {
    name,
    output: 'logits',
    layers: [
      ...layers,
      ...doubleBefore(widths.length, from),
      ...block(`${name}/fc0`, { from, to: widest, kernel }),
      convolution(`${name}/fc2/conv`, { from: widest, to: bins, kernel }),
      ...(reluBeforeSoftmax ? [{ kind: 'relu', name: `${name}/fc2/relu` } as const] : []),
    ],
  };
}

interface Shape {
  from: number;
  to: number;
  kernel: number;
}

const block = (name: string, shape: Shape): LayerPlan[] => [
  convolution(`${name}/conv`, shape),
  { kind: 'batch norm', name: `${name}/bn`, channels: shape.to },
  { kind: 'relu', name: `${name}/relu` },
];

/** With a bias, as `nn.Conv2d` has unless told otherwise, and its default initial values. */
function convolution(name: string, shape: Shape): LayerPlan & { kind: 'convolution' } {
  const initial = torchDefault(shape.kernel ** 2 * shape.from);
  return { kind: 'convolution', name, ...shape, stride: 1, weight: initial, bias: initial };
}

/** Makes the upsamplings of a head, numbered from 0. One that learns has PyTorch's initial bias, or zeros. */
function upsamplings(head: string, method: ModelRecipe['upsampling']) {
  let index = 0;
  return (channels: number, isZeroFirst = false): LayerPlan => {
    const name = `${head}/upsample/${index++}`;
    if (method !== 'transposed') return { kind: `${method} upsampling`, name };
    const bias = isZeroFirst ? zeros : torchDefault(16 * channels);
    return { kind: 'transposed convolution', name, channels, bias };
  };
}
