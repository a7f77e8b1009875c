import { type ModelRecipe } from '@chromatune/contracts';
import { kaimingNormal } from './initial.js';
import { initialInputFilters, inputChannels, inputLayers } from './input-adaptation.js';
import { type ConvolutionPlan, type LayerPlan, scaled } from './layer-plan.js';

type ResNetName = Extract<ModelRecipe['encoder'], `resnet${number}`>;

const resnets: Record<ResNetName, { blocks: number[]; block: Block; expansion: 1 | 4 }> = {
  resnet18: { blocks: [2, 2, 2, 2], block: basicBlock, expansion: 1 },
  resnet34: { blocks: [3, 4, 6, 3], block: basicBlock, expansion: 1 },
  resnet50: { blocks: [3, 4, 6, 3], block: bottleneck, expansion: 4 },
  resnet101: { blocks: [3, 4, 23, 3], block: bottleneck, expansion: 4 },
  resnet152: { blocks: [3, 8, 36, 3], block: bottleneck, expansion: 4 },
};

export const isResNet = (encoder: ModelRecipe['encoder']): encoder is ResNetName => encoder in resnets;

/** torchvision's ResNet without its classifier: its stem with the pooling, then layer1 to layer4 (conv2_x to conv5_x). */
export function resnetStages(
  encoder: ResNetName,
  { width, inputAdaptation }: Pick<ModelRecipe, 'width' | 'inputAdaptation'>,
): { layers: LayerPlan[]; channels: number }[] {
  const { blocks, block, expansion } = resnets[encoder];
  const channels = scaled(64, width);
  const stages = [{ layers: stem(channels, inputAdaptation), channels }];
  blocks.forEach((count, stage) => {
    const inner = scaled(64 * 2 ** stage, width);
    const to = inner * expansion;
    const layers = Array.from({ length: count }, (_, index) =>
      block(`encoder/layer${stage + 1}/${index}`, {
        from: index === 0 ? stages.at(-1)!.channels : to,
        inner,
        to,
        stride: stage > 0 && index === 0 ? 2 : 1,
      }),
    );
    stages.push({ layers: layers.flat(), channels: to });
  });
  return stages;
}

function stem(to: number, adaptation: ModelRecipe['inputAdaptation']): LayerPlan[] {
  const first = convolution('encoder/conv1', { from: inputChannels(adaptation), to, kernel: 7, stride: 2 });
  return [
    ...inputLayers(adaptation),
    { ...first, weight: initialInputFilters(first.weight, adaptation, to) },
    { kind: 'batch norm', name: 'encoder/bn1', channels: to },
    { kind: 'relu', name: 'encoder/relu' },
    { kind: 'max pool', name: 'encoder/maxpool', window: 3 },
  ];
}

interface BlockShape {
  from: number;
  /** Channels of the 3 × 3 convolutions. */
  inner: number;
  to: number;
  stride: 1 | 2;
}
type Block = (name: string, shape: BlockShape) => LayerPlan[];

function basicBlock(name: string, shape: BlockShape): LayerPlan[] {
  const { from, to, stride } = shape;
  const main: LayerPlan[] = [
    convolution(`${name}/conv1`, { from, to, kernel: 3, stride }),
    { kind: 'batch norm', name: `${name}/bn1`, channels: to },
    { kind: 'relu', name: `${name}/relu1` },
    convolution(`${name}/conv2`, { from: to, to, kernel: 3 }),
    { kind: 'batch norm', name: `${name}/bn2`, channels: to },
  ];
  return withShortcut(name, main, shape);
}

/** With the stride in the 3 × 3 convolution, as torchvision has it ("V1.5"); He et al. had it in the first. */
function bottleneck(name: string, shape: BlockShape): LayerPlan[] {
  const { from, inner, to, stride } = shape;
  const main: LayerPlan[] = [
    convolution(`${name}/conv1`, { from, to: inner, kernel: 1 }),
    { kind: 'batch norm', name: `${name}/bn1`, channels: inner },
    { kind: 'relu', name: `${name}/relu1` },
    convolution(`${name}/conv2`, { from: inner, to: inner, kernel: 3, stride }),
    { kind: 'batch norm', name: `${name}/bn2`, channels: inner },
    { kind: 'relu', name: `${name}/relu2` },
    convolution(`${name}/conv3`, { from: inner, to, kernel: 1 }),
    { kind: 'batch norm', name: `${name}/bn3`, channels: to },
  ];
  return withShortcut(name, main, shape);
}

function withShortcut(name: string, main: LayerPlan[], { from, to, stride }: BlockShape): LayerPlan[] {
  const shortcut: LayerPlan[] = [
    convolution(`${name}/downsample/0`, { from, to, kernel: 1, stride }),
    { kind: 'batch norm', name: `${name}/downsample/1`, channels: to },
  ];
  const isNeeded = stride !== 1 || from !== to;
  return [
    { kind: 'residual', name: `${name}/add`, main, shortcut: isNeeded ? shortcut : [] },
    { kind: 'relu', name: `${name}/relu` },
  ];
}

function convolution(
  name: string,
  { stride = 1, ...shape }: { from: number; to: number; kernel: number; stride?: 1 | 2 },
): ConvolutionPlan {
  const weight = kaimingNormal(shape.kernel ** 2 * shape.to);
  return { kind: 'convolution', name, ...shape, stride, weight };
}
