import { createHash } from 'node:crypto';
import type { WeightsNetwork } from '@chromatune/contracts';
import { encodeWeights, type NamedTensor, networkVariables } from '@chromatune/data';

export interface TestWeights {
  digest: string;
  bytes: Uint8Array;
  tensors: Map<string, NamedTensor>;
}

/** Weights as if imported: quickly made numbers of a sensible size, which differ from place to place. */
export function makeTestWeights(network: WeightsNetwork): TestWeights {
  const tensors = networkVariables(network).map(({ name, shape }, position): NamedTensor => {
    const size = shape.reduce((product, side) => product * side, 1);
    const scale = shape.length === 4 ? Math.sqrt(6 / (size / shape[3]!)) : 0.2;
    const offset = name.endsWith('running_var') || name.endsWith('/weight') ? 1 : 0;
    const data = new Float32Array(size);
    for (let index = 0; index < size; index++) {
      const uniform = (Math.imul(index + 1 + 7919 * position, 0x9e3779b1) >>> 8) / 2 ** 23 - 1;
      data[index] = (shape.length === 4 ? 0 : offset) + scale * uniform;
      if (isOfDistance(name)) data[index] = 0.1 + Math.abs(data[index]!);
    }
    return { name, shape, data };
  });
  const bytes = encodeWeights(network, tensors);
  return {
    digest: createHash('sha256').update(bytes).digest('hex'),
    bytes,
    tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
  };
}

/** What LPIPS has beside its network: deviations and weights, which are positive, and a shift, which may be. */
const isOfDistance = (name: string) => name.startsWith('lpips/') && !name.startsWith('lpips/net/');
