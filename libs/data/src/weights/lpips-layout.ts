import { type LpipsNetwork } from '@chromatune/contracts';
import { biasedKernel, type LayoutTensor } from './encoder-layout.js';

type Convolution = [place: number, channels: number, side: number];

/** Convolutions of each slice, by their place among torchvision's `features`: the last one's ReLU ends the slice. */
const slices: Record<LpipsNetwork, Convolution[][]> = {
  'lpips-alex': [[[0, 64, 11]], [[3, 192, 5]], [[6, 384, 3]], [[8, 256, 3]], [[10, 256, 3]]],
  'lpips-vgg': [
    convolutions([0, 2], 64),
    convolutions([5, 7], 128),
    convolutions([10, 12, 14], 256),
    convolutions([17, 19, 21], 512),
    convolutions([24, 26, 28], 512),
  ],
};

/** All tensors of `lpips.LPIPS(net='alex')` or `'vgg'`, version 0.1, in the order of its state dict. */
export function lpipsLayout(network: LpipsNetwork): LayoutTensor[] {
  let from = 3;
  const tensors = slices[network].flatMap((slice, index) =>
    slice.flatMap(([place, to, side]) => {
      const kernel = biasedKernel(`net.slice${index + 1}.${place}`, { to, from, side });
      from = to;
      return kernel;
    }),
  );
  return [
    { name: 'scaling_layer.shift', shape: [1, 3, 1, 1] },
    { name: 'scaling_layer.scale', shape: [1, 3, 1, 1] },
    ...tensors,
    ...slices[network].map((slice, index) => ({
      name: `lin${index}.model.1.weight`,
      shape: [1, slice.at(-1)![1], 1, 1],
    })),
  ];
}

function convolutions(places: number[], channels: number): Convolution[] {
  return places.map((place) => [place, channels, 3]);
}
