import { plainModel, plainRegression } from '@chromatune/contracts';
import { stream } from '@chromatune/random';
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, test } from 'vitest';
import { type StateTensor } from '../training/state.js';
import { loadEncoderWeights } from './encoder-weights.js';
import { buildNetwork, type Network } from './network.js';
import { type NetworkRecipe } from './network-plan.js';

type Adaptation = NetworkRecipe['model']['inputAdaptation'];

const networks: Network[] = [];
afterEach(() => networks.splice(0).forEach((network) => network.dispose()));

describe('imported weights', () => {
  test('become the weights and moving statistics of the encoder, and of nothing else', () => {
    const network = build('replicate-normalised');
    const decoder = valuesOf(network).filter(([name]) => !name.startsWith('encoder/'));

    loadEncoderWeights(network, imported(), { inputAdaptation: 'replicate-normalised' });

    const given = new Map(imported().map(({ name, data }) => [name, [...data]]));
    const now = valuesOf(network);
    const encoder = now.filter(([name]) => name.startsWith('encoder/'));
    expect(encoder).toHaveLength(5 * 5); // five convolutions, each with four tensors of batch norm
    for (const [name, values] of encoder) expect(values).toEqual(given.get(name));
    expect(now.filter(([name]) => !name.startsWith('encoder/'))).toEqual(decoder);
  });

  test.each<[Adaptation, (rgb: number[]) => number]>([
    ['sum', ([red, green, blue]) => red! + green! + blue!],
    ['mean', ([red, green, blue]) => (red! + green! + blue!) / 3],
  ])('enter with the %s of the RGB filters', (inputAdaptation, combine) => {
    const network = build(inputAdaptation);

    loadEncoderWeights(network, imported(), { inputAdaptation });

    const filters = new Map(valuesOf(network)).get('encoder/conv1/weight')!;
    const rgb = imported()[0]!.data;
    expect(filters).toHaveLength(7 * 7 * 8);
    filters.forEach((value, index) => {
      const [place, to] = [Math.floor(index / 8), index % 8];
      const three = [0, 1, 2].map((from) => rgb[(place * 3 + from) * 8 + to]!);
      expect(value).toBeCloseTo(combine(three), 5);
    });
  });

  test('leave new filters as they are', () => {
    const network = build('new');
    const before = new Map(valuesOf(network)).get('encoder/conv1/weight');

    loadEncoderWeights(network, imported(), { inputAdaptation: 'new' });

    expect(new Map(valuesOf(network)).get('encoder/conv1/weight')).toEqual(before);
    expect(new Map(valuesOf(network)).get('encoder/bn1/weight')).toEqual([...imported()[1]!.data]);
  });

  test('answer to grey light as the RGB network does to the same light in all channels', () => {
    const network = build('sum');
    loadEncoderWeights(network, imported(), { inputAdaptation: 'sum' });
    const l = tf.randomUniform<tf.Rank.R4>([1, 32, 32, 1], -0.5, 0.5, 'float32', 1);
    const filter = network.variables.find(({ name }) => name === 'encoder/conv1/weight')!.variable;
    const { shape, data } = imported()[0]!;

    const [ours, rgb] = tf.tidy(() => [
      tf.conv2d(l, filter as unknown as tf.Tensor4D, 2, 3).dataSync(),
      tf.conv2d(tf.tile(l, [1, 1, 1, 3]), tf.tensor4d(data, shape as [7, 7, 3, 8]), 2, 3).dataSync(),
    ]);

    ours!.forEach((value, index) => expect(value).toBeCloseTo(rgb![index]!, 4));
    l.dispose();
  });

  test.each<[string, (tensors: StateTensor[]) => StateTensor[], string]>([
    [
      'lack a tensor',
      (tensors) => tensors.filter(({ name }) => name !== 'encoder/layer1/1/bn2/running_var'),
      'it has no encoder/layer1/1/bn2/running_var',
    ],
    [
      'are of a wider encoder',
      (tensors) =>
        tensors.map((one) =>
          one.name === 'encoder/bn1/bias' ? { ...one, shape: [16], data: new Float32Array(16) } : one,
        ),
      "its encoder/bn1/bias has shape (16), the network's (8)",
    ],
  ])('that %s are refused, and change nothing', (_name, change, message) => {
    const network = build('sum');
    const before = valuesOf(network);

    const loading = () => loadEncoderWeights(network, change(imported()), { inputAdaptation: 'sum' });

    expect(loading).toThrow(message);
    expect(valuesOf(network)).toEqual(before);
  });

  test('leave no tensor behind', () => {
    const network = build('sum');
    const before = tf.memory().numTensors;

    loadEncoderWeights(network, imported(), { inputAdaptation: 'sum' });

    expect(tf.memory().numTensors).toBe(before);
  });
});

const recipeOf = (inputAdaptation: Adaptation, cut: 'conv2' | 'conv3' = 'conv2'): NetworkRecipe => ({
  model: { ...plainModel, encoder: 'resnet18', width: 0.125, imageSize: 32, cut, inputAdaptation },
  loss: plainRegression,
});

function build(inputAdaptation: Adaptation): Network {
  const network = buildNetwork(recipeOf(inputAdaptation), 1);
  networks.push(network);
  return network;
}

/** Of an RGB encoder that goes on to conv3, so that a part is not used. */
function imported(): StateTensor[] {
  const network = buildNetwork(recipeOf('replicate-normalised', 'conv3'), 1);
  const tensors = [...network.variables, ...network.statistics]
    .filter(({ name }) => name.startsWith('encoder/'))
    .map(({ name, variable }) => {
      const random = stream(5, name);
      const data = Float32Array.from({ length: variable.size }, () => random.uniform());
      return { name, shape: [...variable.shape], data };
    });
  network.dispose();
  return tensors;
}

const valuesOf = ({ variables, statistics }: Network): [string, number[]][] =>
  [...variables, ...statistics].map(({ name, variable }) => [name, [...variable.dataSync()]]);
