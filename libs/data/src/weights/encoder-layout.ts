import { type PretrainedEncoder } from '@chromatune/contracts';

/** A tensor of a network as PyTorch names and shapes it. */
export interface LayoutTensor {
  /** Such as "layer1.0.conv1.weight". */
  name: string;
  /** PyTorch's order: output channels, input channels, height, width for the weights of a convolution. */
  shape: number[];
}

/** All tensors of a torchvision encoder without its classifier, in its order. */
export const encoderLayout = (encoder: PretrainedEncoder): LayoutTensor[] =>
  encoder.startsWith('vgg') ? vgg16(encoder === 'vgg16bn') : resnet(encoder);

/** Blocks of each stage, and whether they are bottlenecks of three convolutions (He et al. 2016, table 1). */
const resnets: Record<string, { blocks: number[]; bottleneck: boolean }> = {
  resnet18: { blocks: [2, 2, 2, 2], bottleneck: false },
  resnet34: { blocks: [3, 4, 6, 3], bottleneck: false },
  resnet50: { blocks: [3, 4, 6, 3], bottleneck: true },
  resnet101: { blocks: [3, 4, 23, 3], bottleneck: true },
  resnet152: { blocks: [3, 8, 36, 3], bottleneck: true },
};

function resnet(encoder: PretrainedEncoder): LayoutTensor[] {
  const { blocks, bottleneck } = resnets[encoder]!;
  const tensors = [kernel('conv1', 64, 3, 7), ...batchNorm('bn1', 64)];
  let from = 64;
  blocks.forEach((count, stage) => {
    const width = 64 * 2 ** stage;
    const to = bottleneck ? 4 * width : width;
    for (let block = 0; block < count; block++) {
      const name = `layer${stage + 1}.${block}`;
      tensors.push(...(bottleneck ? bottleneckBlock(name, from, width) : basicBlock(name, from, width)));
      const changes = from !== to || (stage > 0 && block === 0);
      if (changes)
        tensors.push(kernel(`${name}.downsample.0`, to, from, 1), ...batchNorm(`${name}.downsample.1`, to));
      from = to;
    }
  });
  return tensors;
}

const basicBlock = (name: string, from: number, to: number) => [
  kernel(`${name}.conv1`, to, from, 3),
  ...batchNorm(`${name}.bn1`, to),
  kernel(`${name}.conv2`, to, to, 3),
  ...batchNorm(`${name}.bn2`, to),
];

const bottleneckBlock = (name: string, from: number, width: number) => [
  kernel(`${name}.conv1`, width, from, 1),
  ...batchNorm(`${name}.bn1`, width),
  kernel(`${name}.conv2`, width, width, 3),
  ...batchNorm(`${name}.bn2`, width),
  kernel(`${name}.conv3`, 4 * width, width, 1),
  ...batchNorm(`${name}.bn3`, 4 * width),
];

/** Channels of VGG-16's convolutions; 0 is a pooling (Simonyan and Zisserman 2015, table 1, D). */
const vgg16Plan = [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0];

/** Names count all modules of `features`, also activations and poolings, which have no tensors. */
function vgg16(withBatchNorm: boolean): LayoutTensor[] {
  const tensors: LayoutTensor[] = [];
  let index = 0;
  let from = 3;
  for (const to of vgg16Plan) {
    if (to > 0) {
      tensors.push(...biasedKernel(`features.${index}`, { to, from, side: 3 }));
      if (withBatchNorm) tensors.push(...batchNorm(`features.${++index}`, to));
      index++; // the activation
      from = to;
    }
    index++;
  }
  return tensors;
}

const kernel = (name: string, to: number, from: number, side: number): LayoutTensor => ({
  name: `${name}.weight`,
  shape: [to, from, side, side],
});

/** A convolution with a bias. */
export const biasedKernel = (
  name: string,
  { to, from, side }: { to: number; from: number; side: number },
): LayoutTensor[] => [kernel(name, to, from, side), { name: `${name}.bias`, shape: [to] }];

const batchNorm = (name: string, channels: number): LayoutTensor[] =>
  ['weight', 'bias', 'running_mean', 'running_var'].map((part) => ({
    name: `${name}.${part}`,
    shape: [channels],
  }));
