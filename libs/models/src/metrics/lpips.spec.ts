import { type LpipsNetwork } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type StateTensor } from '../training/state.js';
import { buildLpips, type Lpips } from './lpips.js';

// As test/parity/python/fixtures_lpips.py has it: weights and pictures follow from hashes of their names.
describe.each<[LpipsNetwork, number, number[]]>([
  ['lpips-alex', 32, [0.18513781, 0.186216824, 0.00391891285]],
  ['lpips-vgg', 16, [0.143961398, 0.135561774, 0.00392400435]],
])('%s', (network, size, expected) => {
  const { one, other } = pictures(size);
  let lpips: Lpips;
  beforeAll(async () => {
    await tf.setBackend('cpu');
    lpips = buildLpips(network, hashTensors(network));
  });
  afterAll(() => lpips.dispose());

  test("is the distance of the package lpips 0.1.4 on PyTorch's networks", () => {
    const distances = lpips.distances(one, other, size);

    expected.forEach((distance, index) => expect(distances[index]! / distance).toBeCloseTo(1, 5));
  });

  test('is the same in both directions, and picture by picture', () => {
    const [distance] = lpips.distances(first(one), first(other), size);

    expect(lpips.distances(first(other), first(one), size)[0]).toBeCloseTo(distance!, 7);
    expect(distance! / expected[0]!).toBeCloseTo(1, 5);
  });

  test('is 0 of equal pictures, of black ones too', () => {
    const black = first(one).fill(0);

    expect([...lpips.distances(first(other), first(other), size)]).toEqual([0]);
    expect([...lpips.distances(black, black, size)]).toEqual([0]);
  });

  test('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;

    const another = buildLpips(network, hashTensors(network));
    another.distances(first(one), first(other), size);
    another.dispose();

    expect(tf.memory().numTensors).toBe(before);
  });

  const first = (all: Uint8Array) => all.slice(0, size ** 2 * 3);
});

test('pictures of different sizes are refused', () => {
  const lpips = buildLpips('lpips-alex', hashTensors('lpips-alex'));

  expect(() => lpips.distances(new Uint8Array(3072), new Uint8Array(6144), 32)).toThrow(RangeError);
  expect(() => lpips.distances(new Uint8Array(100), new Uint8Array(100), 32)).toThrow(RangeError);
  lpips.dispose();
});

test('weights that lack a tensor are refused by its name', () => {
  const tensors = hashTensors('lpips-alex');

  expect(() => buildLpips('lpips-alex', tensors.slice(0, -1))).toThrow('lin4/model/1/weight');
});

/** Slices of each network: place among `features`, output channels and side of each convolution. */
const convolutions: Record<LpipsNetwork, [place: number, channels: number, side: number][][]> = {
  'lpips-alex': [[[0, 64, 11]], [[3, 192, 5]], [[6, 384, 3]], [[8, 256, 3]], [[10, 256, 3]]],
  'lpips-vgg': [
    [0, 2].map((place) => [place, 64, 3]),
    [5, 7].map((place) => [place, 128, 3]),
    [10, 12, 14].map((place) => [place, 256, 3]),
    [17, 19, 21].map((place) => [place, 512, 3]),
    [24, 26, 28].map((place) => [place, 512, 3]),
  ],
};

function hashTensors(network: LpipsNetwork): StateTensor[] {
  let from = 3;
  const layers = convolutions[network].flatMap((slice, index) =>
    slice.flatMap(([place, to, side]): StateTensor[] => {
      const name = `net.slice${index + 1}.${place}`;
      const shape = [side, side, from, to];
      const scale = Math.sqrt(6 / (from * side ** 2));
      const data = kernelFromTorch(units(`${name}.weight`, side ** 2 * from * to), shape).map(
        (u) => scale * u,
      );
      const bias = units(`${name}.bias`, to).map((u) => 0.1 * u);
      from = to;
      return [tensorOf(`${name}.weight`, shape, data), tensorOf(`${name}.bias`, [to], bias)];
    }),
  );
  return [
    tensorOf('scaling_layer.shift', [1, 1, 3, 1], Float64Array.of(-0.03, -0.088, -0.188)),
    tensorOf('scaling_layer.scale', [1, 1, 3, 1], Float64Array.of(0.458, 0.448, 0.45)),
    ...layers,
    ...convolutions[network].map((slice, index) => {
      const [name, channels] = [`lin${index}.model.1.weight`, slice.at(-1)![1]];
      const weights = units(name, channels).map((u) => 0.1 + 0.1 * u);
      return tensorOf(name, [1, 1, channels, 1], weights);
    }),
  ];
}

const tensorOf = (name: string, shape: number[], data: Float64Array): StateTensor => ({
  name: `lpips/${name.replaceAll('.', '/')}`,
  shape,
  data: Float32Array.from(data),
});

/** (to, from, height, width) to (height, width, from, to). */
function kernelFromTorch(values: Float64Array, [side, , from, to]: number[]): Float64Array {
  const area = side! ** 2;
  return values.map((_, index) => {
    const [place, channels] = [Math.floor(index / (from! * to!)), index % (from! * to!)];
    return values[((channels % to!) * from! + Math.floor(channels / to!)) * area + place]!;
  });
}

function pictures(size: number): { one: Uint8Array; other: Uint8Array } {
  const bytes = size ** 2 * 3;
  const one = Uint8Array.from(hashes('one', 3 * bytes), (hash) => hash % 256);
  const other = Uint8Array.from(hashes('other', 3 * bytes), (hash) => hash % 256);
  const noise = hashes('noise', bytes);
  const near = Uint8ClampedArray.from(one.subarray(2 * bytes), (value, at) => value + (noise[at]! % 41) - 20);
  other.set(near, 2 * bytes);
  return { one, other };
}

/** In [-1, 1). */
const units = (name: string, count: number) =>
  Float64Array.from(hashes(name, count), (hash) => (hash >>> 8) / 2 ** 23 - 1);

/** 32-bit FNV-1a of the name and each index, through murmur3's finalizer. */
function hashes(name: string, count: number): Uint32Array {
  let start = 0x811c9dc5;
  for (const letter of name) start = Math.imul(start ^ letter.charCodeAt(0), 0x01000193);
  return new Uint32Array(count).map((_, index) => {
    let x = (start + Math.imul(index, 0x9e3779b1)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return x ^ (x >>> 16);
  });
}
