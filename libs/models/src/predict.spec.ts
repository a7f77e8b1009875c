import { plainClassification, plainModel, plainRegression, type Recipe } from '@chromatune/contracts';
import { stream } from '@chromatune/random';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { makeLoss } from './losses/loss.js';
import { buildNetwork } from './networks/network.js';
import { predictAb, sideMultiple } from './predict.js';
import { restoreNetwork } from './restore-network.js';
import { stateOfTensors, type StateTensor } from './training/state.js';

const model = { ...plainModel, encoder: 'resnet18', width: 0.125, imageSize: 32, cut: 'conv3' } as const;
const losses: [string, Recipe['loss']][] = [
  ['regression', { ...plainRegression, outputActivation: 'sigmoid' }],
  ['classification', { ...plainClassification, binGridSize: 20 }],
];

describe('a network', () => {
  test.each(losses)('colours pictures that are not square (%s)', (_name, loss) => {
    const recipe = { model, loss };
    const [network, decoder] = [buildNetwork(recipe, 1), makeLoss(recipe)];
    const [height, width] = [48, 32];
    const upright = picture(height, width);

    const ab = predictAb(network, decoder, upright, { images: 1, height, width });
    const both = predictAb(network, decoder, Uint8Array.from([...upright, ...upright]), {
      images: 2,
      height,
      width,
    });

    expect(ab).toHaveLength(height * width * 2);
    expect(ab.every(Number.isFinite)).toBe(true);
    expect(new Set(ab).size).toBeGreaterThan(4);
    for (const image of [0, 1])
      both.subarray(image * ab.length, (image + 1) * ab.length).forEach((value, index) => {
        expect(value).toBeCloseTo(ab[index]!, 3);
      });
    network.dispose();
    decoder.dispose();
  });

  test('takes pictures whose sides are multiples of what its cut halves', () => {
    expect([sideMultiple({ model }), sideMultiple({ model: { ...model, cut: 'conv5' } })]).toEqual([16, 32]);
  });
});

describe('a network that is restored from a checkpoint', () => {
  const recipe = { model, loss: losses[0]![1] };

  test('has its weights and moving statistics, whatever its optimizer kept beside them', () => {
    const [trained, restored] = [buildNetwork(recipe, 1), buildNetwork(recipe, 2)];
    const before = tf.memory().numTensors;

    restoreNetwork(
      restored,
      stateOfTensors([
        ...stateOf(trained),
        { name: 'adam/m/encoder/conv1/weight', shape: [1], data: Float32Array.of(9) },
      ]),
    );

    expect(tf.memory().numTensors).toBe(before);
    expect(stateOf(restored)).toEqual(stateOf(trained));
    trained.dispose();
    restored.dispose();
  });

  test('takes averaged weights where there are some, as validation does', () => {
    const network = buildNetwork(recipe, 1);
    const state = stateOf(network);
    const averaged = state[0]!.data.map((value) => value / 2);

    const average = { ...state[0]!, name: `average/${state[0]!.name}`, data: averaged };
    restoreNetwork(network, stateOfTensors([...state, average]));

    expect(stateOf(network)[0]!.data).toEqual(averaged);
    expect(stateOf(network).slice(1)).toEqual(state.slice(1));
    network.dispose();
  });

  test.each<[string, (state: StateTensor[]) => StateTensor[], RegExp]>([
    ['lacks a tensor', (state) => state.slice(1), /it has no encoder\/conv1\/weight/],
    [
      'has another shape',
      ([first, ...rest]) => [{ ...first!, shape: [1], data: Float32Array.of(1) }, ...rest],
      /its encoder\/conv1\/weight has shape \(1\), not \(7, 7, 1, 8\)/,
    ],
  ])('refuses one that %s, and stays as it was', (_name, change, message) => {
    const network = buildNetwork(recipe, 1);
    const state = stateOf(network);

    const other = stateOfTensors(change(stateOf(buildNetwork(recipe, 3))));
    expect(() => restoreNetwork(network, other)).toThrow(message);
    expect(stateOf(network)).toEqual(state);
  });
});

const stateOf = ({ variables, statistics }: ReturnType<typeof buildNetwork>): StateTensor[] =>
  [...variables, ...statistics].map(({ name, variable }) => ({
    name,
    shape: [...variable.shape],
    data: variable.dataSync<'float32'>(),
  }));

function picture(height: number, width: number): Uint8Array {
  const random = stream(1, 'predict spec');
  return Uint8Array.from({ length: height * width }, () => random.integer(256));
}
