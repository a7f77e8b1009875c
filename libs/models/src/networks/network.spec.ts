import { plainClassification, plainModel, plainRegression } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Prediction } from './prediction.js';
import { tensorsOf } from './layer-plan.js';
import { buildEncoder, buildNetwork, type Network } from './network.js';
import { countParameters, layersOf, type NetworkRecipe, planNetwork } from './network-plan.js';

type Model = NetworkRecipe['model'];
type Classification = Extract<NetworkRecipe['loss'], { type: 'classification' }>;

const tiny = { encoder: 'resnet18', width: 0.125 } as const;
/** Begins with weights, not zeros, in its last layer. */
const sigmoid = { outputActivation: 'sigmoid' } as const;

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

  test.each([
    [3, 313, 'zhang-313', 10, 9_025_365],
    [3, 529, 'square', 11, 10_969_581],
    [1, 313, 'zhang-313', 10, 2_521_365],
  ] as const)('Table 2, k = %d, %d bins', (headKernel, _, binSet, binGridSize, parameters) => {
    expect(countParameters(classification({ headKernel, binSet, binGridSize }))).toBe(parameters);
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

  test.each([
    ['plain', tiny],
    ['with frozen stages', { ...tiny, freezeThrough: 'conv3' }],
    ['with all it has', { ...tiny, inputAdaptation: 'replicate-normalised', upsampling: 'bilinear' }],
  ] as const)('%s frees what it makes', (_, model) => {
    const recipe = regression(model);
    const before = tf.memory().numTensors;

    const network = buildNetwork(recipe, 1);
    const l = tf.ones<tf.Rank.R4>([1, 32, 32, 1]);
    for (const training of [true, false]) onlyOutput(network.forward(l, training)).dispose();
    l.dispose();
    network.dispose();

    expect(tf.memory().numTensors).toBe(before);
  });

  test('refuses images whose side its encoder cannot halve often enough', () => {
    expect(() => buildNetwork(regression({ ...tiny, cut: 'conv5', imageSize: 48 }), 1)).toThrow(
      'cut after conv5 needs images whose side is a multiple of 32, not 48',
    );
  });
});

const cuts = ['conv2', 'conv3', 'conv4', 'conv5'] as const;
const upsamplings = ['nearest', 'bilinear', 'transposed'] as const;

describe('every cut, with every upsampling,', () => {
  test.each(cuts.flatMap((cut) => upsamplings.map((upsampling) => ({ cut, upsampling }))))(
    'leads to the image’s size, or a quarter of it: $cut, $upsampling',
    (model) => {
      const small = { ...tiny, ...model };

      expect(outputShape(regression(small))).toEqual([2, 32, 32, 2]);
      expect(outputShape(classification({ binGridSize: 40 }, small))).toEqual([2, 8, 8, 23]);
    },
  );

  test.each(cuts)('leads to the image’s size where logits are full: %s', (cut) => {
    const full = classification({ binGridSize: 40, headResolution: 'full' }, { ...tiny, cut });

    expect(outputShape(full)).toEqual([2, 32, 32, 23]);
  });

  test('has its own features, and they reach the output', () => {
    const outputs = cuts.flatMap((cut) =>
      upsamplings.map((upsampling) => output(regression({ ...tiny, ...sigmoid, cut, upsampling })).join()),
    );

    expect(new Set(outputs).size).toBe(outputs.length);
  });

  test('is another network, but where bins are predicted at the side that conv2 ends at', () => {
    const plans = (cut: Model['cut'], recipe: (model: Partial<Model>) => NetworkRecipe) =>
      new Set(upsamplings.map((upsampling) => JSON.stringify(planNetwork(recipe({ cut, upsampling }))))).size;

    for (const cut of cuts) {
      expect(plans(cut, regression)).toBe(3);
      expect(plans(cut, (model) => classification({ headResolution: 'full' }, model))).toBe(3);
      // libs/search refuses a sweep whose upsampling is of no use
      expect(plans(cut, (model) => classification({}, model))).toBe(cut === 'conv2' ? 1 : 3);
    }
  });

  test('adds the same layers as Table 1 and Table 2 but for the first ones', () => {
    const decoder = (recipe: NetworkRecipe) =>
      named(recipe)
        .filter(({ name }) => name.startsWith('decoder/') && name.endsWith('/conv/weight'))
        .map(({ shape }) => shape.slice(2).join(' to '));
    const table1 = ['128 to 64', '64 to 32', '32 to 2'];

    expect(decoder(regression({ cut: 'conv2' }))).toEqual(['64 to 128', ...table1]);
    expect(decoder(regression({ cut: 'conv4' }))).toEqual(['256 to 128', ...table1]);
    expect(decoder(regression({ cut: 'conv5' }))).toEqual(['512 to 256', '256 to 128', ...table1]);
    const table2 = ['64 to 500', '500 to 1000', '1000 to 261'];
    expect(decoder(classification({}, { cut: 'conv2' }))).toEqual(['64 to 64', ...table2]);
    expect(decoder(classification({}, { cut: 'conv3' }))).toEqual(['128 to 64', ...table2]);
    expect(decoder(classification({}, { cut: 'conv4' }))).toEqual(['256 to 128', '128 to 64', ...table2]);
    expect(decoder(classification({}, { cut: 'conv5' }))).toEqual([
      '512 to 256',
      '256 to 128',
      '128 to 64',
      ...table2,
    ]);
  });
});

describe('encoders', () => {
  // Names and shapes of torchvision 0.25's state dicts, with its dots as slashes.
  test('bear torchvision’s names: ResNet-50 has bottlenecks', () => {
    const shapes = shapesOf(regression({ encoder: 'resnet50', inputAdaptation: 'replicate-normalised' }));

    expect(shapes['encoder/conv1/weight']).toEqual([7, 7, 3, 64]);
    expect(shapes['encoder/layer1/0/downsample/0/weight']).toEqual([1, 1, 64, 256]);
    expect(shapes['encoder/layer2/0/conv1/weight']).toEqual([1, 1, 256, 128]);
    expect(shapes['encoder/layer2/0/conv2/weight']).toEqual([3, 3, 128, 128]);
    expect(shapes['encoder/layer3/5/conv3/weight']).toEqual([1, 1, 256, 1024]);
    expect(shapes['encoder/layer3/5/bn3/weight']).toEqual([1024]);
    expect(shapes['encoder/layer4/0/conv1/weight']).toBeUndefined();
  });

  test('bear torchvision’s names: VGG-16 has biases, and layers counted with those between', () => {
    const plain = shapesOf(regression({ encoder: 'vgg16', cut: 'conv5' }));
    const normed = shapesOf(regression({ encoder: 'vgg16bn', cut: 'conv5' }));
    const convolutions = (shapes: Record<string, number[]>) =>
      Object.keys(shapes)
        .filter((name) => name.startsWith('encoder/') && shapes[name]!.length === 4)
        .map((name) => Number(name.split('/')[2]));

    expect(convolutions(plain)).toEqual([0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]);
    expect(plain['encoder/features/28/bias']).toEqual([512]);
    expect(convolutions(normed)).toEqual([0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40]);
    expect(normed['encoder/features/41/weight']).toEqual([512]);
    expect(normed['encoder/features/40/bias']).toEqual([512]);
  });

  test.each(['resnet50', 'resnet101', 'resnet152', 'vgg16', 'vgg16bn'] as const)(
    '%s is built narrow, and predicts',
    (encoder) => {
      expect(outputShape(regression({ encoder, width: 0.125 }))).toEqual([2, 32, 32, 2]);
    },
  );

  test('begin in VGG with biases of zero', () => {
    const network = buildNetwork(regression({ encoder: 'vgg16', cut: 'conv3' }), 1);
    const bias = variable(network, 'encoder/features/7/bias').dataSync();

    expect(bias.every((value) => value === 0)).toBe(true);
    network.dispose();
  });
});

describe('initial values', () => {
  const transposed = regression({ encoder: 'resnet18', upsampling: 'transposed' });
  const wide = classification({ headKernel: 3, headResolution: 'full' }, { encoder: 'resnet18' });
  test.each<[name: string, recipe: NetworkRecipe, fanIn: number]>([
    ['decoder/0/conv/weight', transposed, 9 * 256],
    ['decoder/0/conv/bias', transposed, 9 * 256],
    ['decoder/upsample/0/weight', transposed, 16 * 128], // PyTorch counts the channels that go out
    ['decoder/upsample/0/bias', transposed, 16 * 128],
    ['decoder/fc0/conv/weight', wide, 9 * 500],
    ['decoder/fc2/conv/weight', wide, 9 * 1000],
    ['decoder/fc2/conv/bias', wide, 9 * 1000],
  ])('of %s are spread evenly within 1 / √fan_in, as PyTorch’s default', (name, recipe, fanIn) => {
    const values = initialValues(name, recipe);
    const bound = 1 / Math.sqrt(fanIn);

    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largest / bound).toBeLessThanOrEqual(1 + 1e-6);
    expect(largest / bound).toBeGreaterThan(0.95);
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
    const isSmall = values.length < 1000;
    expect(Math.abs((deviation / bound) * Math.sqrt(3) - 1)).toBeLessThan(isSmall ? 0.15 : 0.02);
  });

  test.each<[name: string, model: Partial<Model>, fanOut: number]>([
    ['encoder/features/7/weight', { encoder: 'vgg16', cut: 'conv3' }, 9 * 128],
    ['encoder/layer2/0/conv1/weight', { encoder: 'resnet18' }, 9 * 128],
  ])('of %s are normal, by the channels that go out', (name, model, fanOut) => {
    const values = initialValues(name, regression(model));
    const deviation = Math.sqrt(2 / fanOut);

    const shareBeyond = (deviations: number) =>
      values.filter((value) => Math.abs(value) > deviations * deviation).length / values.length;
    expect([1, 2, 3].map(shareBeyond).map((share) => share.toFixed(2))).toEqual(['0.32', '0.05', '0.00']);
    expect(shareBeyond(3)).toBeGreaterThan(0.001);
  });

  function initialValues(name: string, recipe: NetworkRecipe): Float32Array {
    const network = buildNetwork(recipe, 1);
    const values = variable(network, name).dataSync<'float32'>();
    network.dispose();
    return values;
  }
});

test('an encoder by itself is that of the network: same names, weights and features', () => {
  const model = { ...plainModel, ...tiny };
  const encoder = buildEncoder(model, 1);
  const network = buildNetwork(regression(tiny), 1);
  const ofNetwork = network.variables.filter(({ name }) => name.startsWith('encoder/'));

  expect(encoder.variables.map(({ name }) => name)).toEqual(ofNetwork.map(({ name }) => name));
  expect(encoder.forward(tf.ones([1, 32, 32, 1]), false).shape).toEqual([1, 2, 2, 32]);
  encoder.variables.forEach(({ variable }, index) =>
    expect(variable.dataSync()).toEqual(ofNetwork[index]!.variable.dataSync()),
  );
  encoder.dispose();
  network.dispose();
});

describe('input adaptation', () => {
  test('sum and mean make filters for lightness out of those that an RGB network would begin with', () => {
    const filters = (inputAdaptation: Model['inputAdaptation']) => {
      const network = buildNetwork(regression({ ...tiny, inputAdaptation }), 1);
      const values = variable(network, 'encoder/conv1/weight').dataSync();
      network.dispose();
      return values;
    };
    const rgb = filters('replicate-normalised');
    const [sum, mean] = [filters('sum'), filters('mean')];

    const channels = 8;
    expect(rgb).toHaveLength(7 * 7 * 3 * channels);
    sum.forEach((value, index) => {
      const [place, to] = [Math.floor(index / channels), index % channels];
      const expected = [0, 1, 2].reduce((total, from) => total + rgb[(3 * place + from) * channels + to]!, 0);
      expect(value).toBeCloseTo(expected, 5);
      expect(mean[index]).toBeCloseTo(expected / 3, 5);
    });
    expect(filters('new')).not.toEqual(sum);
  });

  test('replicated lightness gives what an RGB network makes of the grey picture', () => {
    const network = buildNetwork(regression({ ...tiny, inputAdaptation: 'replicate-normalised' }), 1);
    const l = tf.randomUniform<tf.Rank.R4>([1, 32, 32, 1], -0.5, 0.5);
    const observed: number[] = [];
    network.forward(l, true, (mean) => {
      if (observed.length === 0) observed.push(...mean.dataSync());
    });

    const rgb = tf.div(
      tf.sub(tf.tile(tf.add(l, 0.5), [1, 1, 1, 3]), [0.485, 0.456, 0.406]),
      [0.229, 0.224, 0.225],
    );
    const filter = variable(network, 'encoder/conv1/weight') as unknown as tf.Tensor4D;
    const expected = tf.mean(tf.conv2d(rgb as tf.Tensor4D, filter, 2, 3), [0, 1, 2]).dataSync();
    observed.forEach((value, index) => expect(value).toBeCloseTo(expected[index]!, 4));
    network.dispose();
  });
});

describe('frozen stages', () => {
  const frozen = regression({ ...tiny, ...sigmoid, freezeThrough: 'conv2' });

  test('are not trained: neither parameters nor moving statistics', () => {
    const network = buildNetwork(frozen, 1);
    const isFrozen = ({ name }: { name: string }) => /^encoder\/(conv1|bn1|layer1)\//.test(name);
    const observed: tf.Tensor[] = [];
    network.forward(tf.ones([2, 32, 32, 1]), true, (mean, variance) => observed.push(mean, variance));

    expect(network.variables.filter(isFrozen)).toHaveLength(3 + 2 * 6);
    expect(network.trainable).toEqual(network.variables.filter((one) => !isFrozen(one)));
    expect(network.movingStatistics).toEqual(network.statistics.filter((one) => !isFrozen(one)));
    expect(network.statistics.filter(isFrozen)).toHaveLength(2 * 5);
    expect(observed.map(({ shape }) => shape)).toEqual(
      network.movingStatistics.map(({ variable }) => variable.shape),
    );
    network.dispose();
  });

  test('normalise with the moving statistics in training, while others use the batch', () => {
    const l = tf.randomNormal<tf.Rank.R4>([2, 32, 32, 1], 0, 1, 'float32', 1);
    const outputs = (recipe: NetworkRecipe) => {
      const network = buildNetwork(recipe, 1);
      for (const { name, variable } of network.statistics) {
        if (name === 'encoder/bn1/running_mean') variable.assign(tf.fill(variable.shape, 0.3));
      }
      const [trained, predicted] = [true, false].map((training) =>
        tf.tidy(() => onlyOutput(network.forward(l, training)).dataSync()),
      );
      network.dispose();
      return { trained, predicted };
    };
    const all = outputs(regression({ ...tiny, ...sigmoid, freezeThrough: 'conv4' }));
    const some = outputs(frozen);
    const none = outputs(regression({ ...tiny, ...sigmoid }));

    expect(some.trained).not.toEqual(none.trained);
    expect(some.trained).not.toEqual(all.trained);
    expect(some.predicted).toEqual(none.predicted);
    expect(all.predicted).toEqual(none.predicted);
  });

  test('leave the gradients of the rest as they are with the same features', () => {
    const network = buildNetwork(frozen, 1);
    const l = tf.ones<tf.Rank.R4>([2, 32, 32, 1]);
    const { grads } = tf.variableGrads(
      () => tf.sum(onlyOutput(network.forward(l, true))),
      network.trainable.map(({ variable }) => variable),
    );

    expect(Object.keys(grads)).toHaveLength(network.trainable.length);
    const slope = grads[variable(network, 'encoder/layer2/0/conv1/weight').name]!;
    expect(tf.max(tf.abs(slope)).dataSync()[0]).toBeGreaterThan(0);
    network.dispose();
  });
});

test('frozen batch norm trains on the moving statistics everywhere, so that images do not depend on each other', () => {
  const network = buildNetwork(regression({ ...tiny, ...sigmoid, batchNorm: 'frozen' }), 1);
  const l = tf.randomNormal<tf.Rank.R4>([2, 32, 32, 1], 0, 1, 'float32', 1);
  const ab = (input: tf.Tensor4D, training: boolean) =>
    tf.tidy(() =>
      onlyOutput(network.forward(input, training, () => expect.unreachable('no statistic moves'))).dataSync(),
    );
  const together = ab(l, true);
  const alone = tf.split(l, 2).map((image) => ab(image as tf.Tensor4D, true));

  expect(network.movingStatistics).toEqual([]);
  expect(network.trainable).toEqual(network.variables);
  alone.forEach((image, index) =>
    image.forEach((value, at) => expect(value).toBeCloseTo(together[index * image.length + at]!, 5)),
  );
  ab(l, false).forEach((value, at) => expect(value).toBeCloseTo(together[at]!, 4));
  network.dispose();
});

describe('the combined network', () => {
  const recipe: NetworkRecipe = {
    model: { ...plainModel, ...tiny },
    loss: {
      type: 'combined',
      regression: plainRegression,
      classification: { ...plainClassification, binGridSize: 40 },
      regressionWeight: 10,
      decodeFrom: 'classification',
    },
  };

  test('has both heads on one encoder, and puts out both', () => {
    const network = buildNetwork(recipe, 1);
    const prefixes = new Set(network.variables.map(({ name }) => name.split('/')[0]));
    const { ab, logits } = network.forward(tf.ones([2, 32, 32, 1]), false);

    expect([...prefixes]).toEqual(['encoder', 'regression', 'classification']);
    expect([ab!.shape, logits!.shape]).toEqual([
      [2, 32, 32, 2],
      [2, 8, 8, 23],
    ]);
    network.dispose();
  });

  test('has the parameters of its parts, the encoder’s once', () => {
    const { regression: ofAb, classification: ofBins } = recipe.loss as Extract<
      NetworkRecipe['loss'],
      { type: 'combined' }
    >;
    const parameters = [ofAb, ofBins].map((loss) => countParameters({ ...recipe, loss }));
    const encoder = named(recipe)
      .filter(({ name }) => name.startsWith('encoder/'))
      .reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0);

    expect(countParameters(recipe)).toBe(parameters[0]! + parameters[1]! - encoder);
  });

  test('sends the gradients of both heads into the encoder', () => {
    const network = buildNetwork(recipe, 1);
    const l = tf.randomNormal<tf.Rank.R4>([2, 32, 32, 1], 0, 1, 'float32', 1);
    const filter = variable(network, 'encoder/layer3/0/conv1/weight');
    for (const { variable } of network.trainable) {
      if (variable.shape.at(-1) === 2) variable.assign(tf.ones(variable.shape)); // else all of ab begins at zero
    }
    const slope = (weights: { ab: number; logits: number }) => {
      const { grads } = tf.variableGrads(() => {
        const { ab, logits } = network.forward(l, true);
        return tf.add(
          tf.mul(tf.mean(tf.square(ab!)), weights.ab),
          tf.mul(tf.mean(tf.square(logits!)), weights.logits),
        ) as tf.Scalar;
      }, [filter]);
      return grads[filter.name]!.dataSync();
    };
    const [ab, logits, both] = [
      slope({ ab: 1, logits: 0 }),
      slope({ ab: 0, logits: 1 }),
      slope({ ab: 1, logits: 1 }),
    ];

    expect(ab.some((value) => value !== 0)).toBe(true);
    expect(logits.some((value) => value !== 0)).toBe(true);
    const largest = Math.max(...both.map(Math.abs));
    both.forEach((value, index) =>
      expect(Math.abs(value - ab[index]! - logits[index]!)).toBeLessThan(1e-4 * largest),
    );
    network.dispose();
  });
});

describe('transposed upsampling', () => {
  test('learns, by PyTorch’s names for its shapes, and begins grey where nearest does', () => {
    const recipe = regression({ ...tiny, upsampling: 'transposed' });
    const shapes = shapesOf(recipe);

    expect(shapes['decoder/upsample/0/weight']).toEqual([4, 4, 16, 16]);
    expect(shapes['decoder/upsample/3/weight']).toEqual([4, 4, 2, 2]);
    expect(shapes['decoder/upsample/3/bias']).toEqual([2]);
    expect(output(recipe).every((value) => value === 0)).toBe(true);
  });

  test.each([
    ['sigmoid', 0],
    ['tanh', -1],
  ] as const)('is bounded by a last %s', (outputActivation, least) => {
    const network = buildNetwork(regression({ ...tiny, outputActivation, upsampling: 'transposed' }), 1);
    variable(network, 'decoder/upsample/3/bias').assign(tf.tensor1d([-100, 100]));
    const ab = tf.tidy(() => onlyOutput(network.forward(tf.ones([1, 32, 32, 1]), true)).dataSync());

    expect(Math.min(...ab)).toBeCloseTo(least, 6);
    expect(Math.max(...ab)).toBeCloseTo(1, 6);
    network.dispose();
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

function output(recipe: NetworkRecipe): number[] {
  const network = buildNetwork(recipe, 1);
  const l = tf.randomNormal<tf.Rank.R4>([2, 32, 32, 1], 0, 1, 'float32', 1);
  const values = tf.tidy(() => onlyOutput(network.forward(l, true)).dataSync());
  network.dispose();
  return [...values];
}

/** Parameters of a recipe's network, without allocating any. */
const named = (recipe: NetworkRecipe) =>
  tensorsOf(layersOf(planNetwork(recipe))).filter(({ role }) => role === 'parameter');

const shapesOf = (recipe: NetworkRecipe): Record<string, number[]> =>
  Object.fromEntries(named(recipe).map(({ name, shape }) => [name, shape]));

const variable = (network: Network, name: string) =>
  network.variables.find((one) => one.name === name)!.variable;

const onlyOutput = ({ ab, logits }: Prediction) => (ab ?? logits)!;
