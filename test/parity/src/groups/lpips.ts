import type { LpipsNetwork } from '@chromatune/contracts';
import { networkVariables } from '@chromatune/data';
import { buildLpips, type StateTensor } from '@chromatune/models';
import { compareNumbers, type Item, worseOf } from '../comparison.js';
import { float32Bound } from '../engine.js';
import { readFixtures } from '../fixtures.js';
import { hashIntegers, hashValues, hashWeight, product } from '../hash-fill.js';
import { tidily } from '../tidily.js';
import { torchShape, weightFromTorch } from '../torch-order.js';

/** LPIPS of three pairs of pictures, as a validation measures it. */
export const lpipsItems = (): Item[] =>
  readFixtures('lpips').map(({ network, side, distances }) => ({
    item: `${network}, ${side}²`,
    source: 'lpips 0.1.4 on PyTorch',
    bound: float32Bound,
    tested: network === 'lpips-alex' ? 'always' : 'on native',
    compute: async () => {
      const lpips = buildLpips(network, hashTensors(network));
      const { one, other } = pictures(side);
      const ours = lpips.distances(one, other, side);
      lpips.dispose();
      return distances
        .map((distance, index) => compareNumbers(ours[index]!, distance, `pair ${index + 1}`))
        .reduce(worseOf);
    },
  }));

/** The weights of python/fixtures_lpips.py in our order. */
const hashTensors = (network: LpipsNetwork): StateTensor[] =>
  networkVariables(network).map(({ name, shape }) => {
    const values = valuesOf(name.replace('lpips/', '').replaceAll('/', '.'), torchShape(shape));
    return { name, shape, data: tidily(() => weightFromTorch(values, shape).dataSync<'float32'>()) };
  });

function valuesOf(name: string, shape: number[]): Float32Array {
  if (name === 'scaling_layer.shift') return Float32Array.of(-0.03, -0.088, -0.188);
  if (name === 'scaling_layer.scale') return Float32Array.of(0.458, 0.448, 0.45);
  if (name.startsWith('net.')) return hashWeight(name, shape, false);
  return hashValues(name, product(shape), { scale: 0.1, offset: 0.1 });
}

/** The pictures of python/fixtures_lpips.py. */
function pictures(side: number): { one: Uint8Array; other: Uint8Array } {
  const bytes = side ** 2 * 3;
  const one = Uint8Array.from(hashIntegers('one', 3 * bytes, 256));
  const other = Uint8Array.from(hashIntegers('other', 3 * bytes, 256));
  const noise = hashIntegers('noise', bytes, 41);
  const near = Uint8ClampedArray.from(one.subarray(2 * bytes), (value, index) => value + noise[index]! - 20);
  other.set(near, 2 * bytes);
  return { one, other };
}
