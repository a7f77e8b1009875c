import { plainClassification, plainModel, plainRegression } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Prediction } from './prediction.js';
import { buildNetwork, countParameters, type NetworkRecipe } from './network.js';

type Model = NetworkRecipe['model'];
type Classification = Extract<NetworkRecipe['loss'], { type: 'classification' }>;

const tiny = { encoder: 'resnet18', width: 0.125 } as const;

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('parameters of the report’s networks', () => {
  test.each([
    ['Table 1 on ResNet-34', regression({ encoder: 'resnet34' }), 8_552_354],
    ['Table 1 on ResNet-18', regression({ encoder: 'resnet18' }), 3_164_834],
    ['Table 2, k = 3, 625 bins', classification({ headKernel: 3, binSet: 'square' }), 11_833_677],
    ['Table 2, k = 1, 625 bins', classification({ headKernel: 1, binSet: 'square' }), 2_833_677],
    [
      'Table 2 at a quarter of the side, k = 1, 625 bins',
      classification({ headResolution: 'quarter', binSet: 'square' }),
      2_833_677,
    ],
  ])('%s: %#', (_, recipe, parameters) => {
    expect(countParameters(recipe)).toBe(parameters);
  });

  // The literature's bin sets of 313 and 529 are not ours; each bin costs the same, so the counts are compared by bin.
  test.each([
    [3, 313, 9_025_365],
    [3, 529, 10_969_581],
    [1, 313, 2_521_365],
  ] as const)('Table 2, k = %d, %d bins', (headKernel, bins, parameters) => {
    const costOfBin = headKernel ** 2 * 1000 + 1;
    const ours = countParameters(classification({ headKernel, binSet: 'gamut' }));

    expect(ours + (bins - 261) * costOfBin).toBe(parameters);
  });

  test('a network has as many as were counted, and none of them twice', () => {
    for (const recipe of [regression(tiny), classification({}, tiny)]) {
      const network = buildNetwork(recipe, 1);
      const sizes = network.variables.map(({ variable }) => variable.size);

      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(countParameters(recipe));
      expect(new Set(network.variables.map(({ name }) => name)).size).toBe(sizes.length);
      network.dispose();
    }
  });

  test('the whole Table 1 network is built with its count', () => {
    const network = buildNetwork(regression({ encoder: 'resnet34' }), 1);

    expect(network.variables.reduce((sum, { variable }) => sum + variable.size, 0)).toBe(8_552_354);
    network.dispose();
  });

  test('width multiplies every channel count but the output’s', () => {
    const network = buildNetwork(regression({ encoder: 'resnet18', width: 0.5 }), 1);
    const shapes = Object.fromEntries(network.variables.map(({ name, variable }) => [name, variable.shape]));

    expect(shapes['encoder/conv1/weight']).toEqual([7, 7, 1, 32]);
    expect(shapes['encoder/layer3/1/conv2/weight']).toEqual([3, 3, 128, 128]);
    expect(shapes['decoder/2/conv/weight']).toEqual([3, 3, 32, 16]);
    expect(shapes['decoder/3/conv/weight']).toEqual([3, 3, 16, 2]);
    network.dispose();
  });
});

describe('a network', () => {
  test('puts out ab at the image’s size, or logits at the size that was asked for', () => {
    expect(outputShape(regression(tiny))).toEqual([2, 32, 32, 2]);
    expect(outputShape(classification({ binGridSize: 40 }, tiny))).toEqual([2, 8, 8, 23]);
    expect(outputShape(classification({ binGridSize: 40, headResolution: 'full' }, tiny))).toEqual([
      2, 32, 32, 23,
    ]);
  });

  test('takes images whose side is no power of two', () => {
    expect(outputShape(regression(tiny), 48)).toEqual([2, 48, 48, 2]);
  });

  test('has the same initial weights for the same seed, others for another', () => {
    const one = firstWeights(regression(tiny), 3);

    expect(firstWeights(regression(tiny), 3)).toEqual(one);
    expect(firstWeights(regression(tiny), 4)).not.toEqual(one);
  });

  test('has the same initial encoder whatever comes after it', () => {
    expect(firstWeights(classification({}, tiny), 3)).toEqual(firstWeights(regression(tiny), 3));
  });

  test('begins with torchvision’s spread of weights', () => {
    const network = buildNetwork(regression({ width: 1 }), 1);
    const weight = network.variables.find(({ name }) => name === 'encoder/layer3/0/conv1/weight')!;
    const { mean, variance } = tf.moments(weight.variable);

    expect(mean.dataSync()[0]).toBeCloseTo(0, 3);
    expect(Math.sqrt(variance.dataSync()[0]!)).toBeCloseTo(Math.sqrt(2 / (9 * 256)), 3);
    network.dispose();
  });

  test('predicts grey before it has learned, with a linear or tanh output', () => {
    for (const outputActivation of ['linear', 'tanh'] as const) {
      const network = buildNetwork(regression({ ...tiny, outputActivation }), 1);
      const ab = tf.tidy(() => onlyOutput(network.forward(tf.ones([1, 32, 32, 1]), true)).dataSync());

      expect(ab.every((value) => value === 0)).toBe(true);
      network.dispose();
    }
  });

  test('clips logits at zero where a ReLU is asked for before the softmax', () => {
    const logits = (reluBeforeSoftmax: boolean) => {
      const network = buildNetwork(classification({ binGridSize: 40, reluBeforeSoftmax }, tiny), 1);
      const values = tf.tidy(() =>
        onlyOutput(network.forward(tf.randomNormal([1, 32, 32, 1]), true)).dataSync(),
      );
      network.dispose();
      return Math.min(...values);
    };

    expect(logits(false)).toBeLessThan(0);
    expect(logits(true)).toBe(0);
  });

  test('frees what it makes', () => {
    const recipe = regression(tiny);
    const before = tf.memory().numTensors;

    const network = buildNetwork(recipe, 1);
    const l = tf.ones<tf.Rank.R4>([1, 32, 32, 1]);
    for (const training of [true, false]) onlyOutput(network.forward(l, training)).dispose();
    l.dispose();
    network.dispose();

    expect(tf.memory().numTensors).toBe(before);
  });
});

function regression(
  model: Partial<Model> & { outputActivation?: 'linear' | 'sigmoid' | 'tanh' },
): NetworkRecipe {
  const { outputActivation = 'linear', ...rest } = model;
  return {
    model: { ...plainModel, encoder: 'resnet18', ...rest },
    loss: { ...plainRegression, outputActivation },
  };
}

function classification(loss: Partial<Classification>, model: Partial<Model> = {}): NetworkRecipe {
  return {
    model: { ...plainModel, cut: 'conv3', ...model },
    loss: { ...plainClassification, ...loss },
  };
}

function outputShape(recipe: NetworkRecipe, size = 32): number[] {
  const network = buildNetwork(recipe, 1);
  const shape = tf.tidy(() => onlyOutput(network.forward(tf.ones([2, size, size, 1]), true)).shape);
  network.dispose();
  return shape;
}

function firstWeights(recipe: NetworkRecipe, seed: number): number[] {
  const network = buildNetwork(recipe, seed);
  const values = [...network.variables[0]!.variable.dataSync().slice(0, 20)];
  network.dispose();
  return values;
}

const onlyOutput = ({ ab, logits }: Prediction) => (ab ?? logits)!;
