import { isLpips, type WeightsNetwork } from '@chromatune/contracts';
import { encoderLayout, type LayoutTensor } from './encoder-layout.js';
import { lpipsLayout } from './lpips-layout.js';

const layouts = new Map<WeightsNetwork, LayoutTensor[]>();

/** All tensors of a network as PyTorch names and shapes them, in its order. */
export function networkLayout(network: WeightsNetwork): LayoutTensor[] {
  let layout = layouts.get(network);
  if (!layout)
    layouts.set(network, (layout = isLpips(network) ? lpipsLayout(network) : encoderLayout(network)));
  return layout;
}

/** The same tensors under our names and in our order of sides: what a canonical file of weights holds. */
export const networkVariables = (network: WeightsNetwork): LayoutTensor[] =>
  networkLayout(network).map(({ name, shape }) => ({
    name: `${isLpips(network) ? 'lpips' : 'encoder'}/${name.replaceAll('.', '/')}`,
    shape: variableShape(shape),
  }));

/** Kernels lie as (height, width, from, to) here, and as (to, from, height, width) in PyTorch. */
const variableShape = (shape: number[]) =>
  shape.length === 4 ? [shape[2]!, shape[3]!, shape[1]!, shape[0]!] : shape;
