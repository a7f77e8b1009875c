import { type ModelRecipe } from '@chromatune/contracts';
import { kaimingNormal, zeros } from './initial.js';
import { initialInputFilters, inputChannels, inputLayers } from './input-adaptation.js';
import { type LayerPlan, scaled } from './layer-plan.js';

/** Configuration D of Simonyan and Zisserman: channels of the convolutions before each pooling. */
const blocks = [
  [64, 64],
  [128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [512, 512, 512],
];

/**
 * torchvision's VGG-16, or with batch norm after each convolution, without its classifier: five stages, each of which ends
 * with its pooling. Names count as torchvision's `features` does, layers without parameters included.
 */
export function vggStages({
  encoder,
  width,
  inputAdaptation,
}: Pick<ModelRecipe, 'encoder' | 'width' | 'inputAdaptation'>): { layers: LayerPlan[]; channels: number }[] {
  let index = 0;
  const name = () => `encoder/features/${index++}`;
  let from: number = inputChannels(inputAdaptation);

  const block = (channels: number): LayerPlan[] => {
    const to = scaled(channels, width);
    const initial = kaimingNormal(9 * to);
    const weight = index === 0 ? initialInputFilters(initial, inputAdaptation, to) : initial;
    const layers: LayerPlan[] = [
      { kind: 'convolution', name: name(), from, to, kernel: 3, stride: 1, weight, bias: zeros },
    ];
    if (encoder === 'vgg16bn') layers.push({ kind: 'batch norm', name: name(), channels: to });
    layers.push({ kind: 'relu', name: name() });
    from = to;
    return layers;
  };

  const stages = blocks.map((widths) => {
    const layers = widths.flatMap(block);
    layers.push({ kind: 'max pool', name: name(), window: 2 });
    return { layers, channels: from };
  });
  stages[0]!.layers.unshift(...inputLayers(inputAdaptation));
  return stages;
}
