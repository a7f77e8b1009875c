import {
  type LossRecipe,
  type ModelRecipe,
  plainAdam,
  plainClassification,
  plainModel,
  plainRegression,
  plainTraining,
} from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  describeNetwork,
  type DescribedRecipe,
  type LayerDescription,
  type NetworkDescription,
} from './describe-network.js';
import { buildNetwork } from './network.js';

/** The report's Table 1, and its Table 2 with a ReLU before the softmax, at its image size. */
const table1: LossRecipe = { ...plainRegression, outputActivation: 'sigmoid' };
const table2: LossRecipe = {
  ...plainClassification,
  binSet: 'square',
  headResolution: 'full',
  reluBeforeSoftmax: true,
  headKernel: 3,
};
const quarter: LossRecipe = {
  ...table2,
  headKernel: 1,
  headResolution: 'quarter',
  reluBeforeSoftmax: false,
};
const atConv3 = { cut: 'conv3' } as const;

/** Multiply-adds of the fully connected layers that torchvision has behind conv5, for 1000 classes. */
const ofBasic = 512 * 1000;
const ofBottleneck = 2048 * 1000;
const ofVgg = 7 * 7 * 512 * 4096 + 4096 * 4096 + 4096 * 1000;
const classifierMacs: Record<ModelRecipe['encoder'], number> = {
  resnet18: ofBasic,
  resnet34: ofBasic,
  resnet50: ofBottleneck,
  resnet101: ofBottleneck,
  resnet152: ofBottleneck,
  vgg16: ofVgg,
  vgg16bn: ofVgg,
};

// Parameters equal torchvision's; multiply-adds are those of its layers at 224², counted by hand from their shapes, and
// behind conv5 those of its classifier too: then they are the whole network's.
describe('torchvision’s encoders cost', () => {
  test.each([
    ['resnet18', 'conv3', 683_072, 676_800, 0.991],
    ['resnet18', 'conv4', 2_782_784, 2_776_512, 1.403],
    ['resnet18', 'conv5', 11_176_512, 11_170_240, 1.814],
    ['resnet34', 'conv3', 1_347_904, 1_341_632, 1.685],
    ['resnet34', 'conv4', 8_170_304, 8_164_032, 3.021],
    ['resnet34', 'conv5', 21_284_672, 21_278_400, 3.664],
    ['resnet50', 'conv3', 1_444_928, 1_438_656, 1.814],
    ['resnet50', 'conv4', 8_543_296, 8_537_024, 3.278],
    ['resnet50', 'conv5', 23_508_032, 23_501_760, 4.089],
    ['resnet101', 'conv3', 1_444_928, 1_438_656, 1.814],
    ['resnet101', 'conv4', 27_535_424, 27_529_152, 6.99],
    ['resnet101', 'conv5', 42_500_160, 42_493_888, 7.801],
    ['resnet152', 'conv3', 2_565_184, 2_558_912, 2.687],
    ['resnet152', 'conv4', 43_179_072, 43_172_800, 10.702],
    ['resnet152', 'conv5', 58_143_808, 58_137_536, 11.514],
    ['vgg16', 'conv3', 1_735_488, 1_734_336, 9.335],
    ['vgg16', 'conv4', 7_635_264, 7_634_112, 13.959],
    ['vgg16', 'conv5', 14_714_688, 14_713_536, 15.47],
    ['vgg16bn', 'conv3', 1_737_792, 1_736_640, 9.335],
    ['vgg16bn', 'conv4', 7_640_640, 7_639_488, 13.959],
    ['vgg16bn', 'conv5', 14_723_136, 14_721_984, 15.47],
  ] as const)(
    '%s to %s: %d parameters on RGB, %d on lightness',
    (encoder, cut, ofRgb, ofLightness, gigaMacs) => {
      const rgb = trunkOf(described({ encoder, cut, inputAdaptation: 'replicate-normalised' }, table1));
      const lightness = trunkOf(described({ encoder, cut }, table1));

      const macs = rgb.macs + (cut === 'conv5' ? classifierMacs[encoder] : 0);

      expect([rgb.parameters, lightness.parameters]).toEqual([ofRgb, ofLightness]);
      expect(macs / 1e9).toBeCloseTo(gigaMacs, 3);
    },
  );

  test.each([
    ['resnet18', 20],
    ['resnet34', 36],
    ['resnet50', 53],
    ['resnet101', 104],
    ['resnet152', 155],
  ] as const)('%s has %d convolutions, those of its shortcuts included', (encoder, convolutions) => {
    const trunk = layersOfTrunk(described({ encoder, cut: 'conv5' }, table1));

    expect(trunk.filter(({ kind }) => kind === 'convolution')).toHaveLength(convolutions);
  });
});

describe('the report’s networks cost', () => {
  test.each([
    ['Table 1 on ResNet-34', {}, table1, 8_552_354, '3.123', 37.5],
    ['Table 1 on ResNet-18', { encoder: 'resnet18' }, table1, 3_164_834, '1.50', 26],
    ['Table 1 on ResNet-50', { encoder: 'resnet50' }, table1, 9_810_082, '3.55', 105],
    ['Table 1 on ResNet-152', { encoder: 'resnet152' }, table1, 44_445_858, '10.98', 222],
    ['Table 1 on VGG-16', { encoder: 'vgg16' }, table1, 8_317_346, '14.14', 61],
    ['Table 1 on VGG-16-BN', { encoder: 'vgg16bn' }, table1, 8_322_722, '14.14', 111],
    ['Table 2, k = 3', atConv3, table2, 11_833_677, '513.5', 918],
    ['Table 2, k = 1', atConv3, { ...table2, headKernel: 1 }, 2_833_677, '61.9', 918],
    ['Table 2, k = 3, 313 bins', atConv3, { ...table2, binSet: 'zhang-313' }, 9_025_365, '372.6', 739],
    ['Table 2, k = 3, 529 bins', atConv3, { ...table2, binGridSize: 11 }, 10_969_581, '470.1', 863],
    ['Table 2, k = 3, on ResNet-152', { ...atConv3, encoder: 'resnet152' }, table2, 13_272_141, '515', 1000],
    ['Table 2, k = 3, on VGG-16', { ...atConv3, encoder: 'vgg16' }, table2, 12_300_109, '521', 944],
    ['Table 2 at a quarter of the side, k = 1', atConv3, quarter, 2_833_677, '6.27', 81],
    [
      'Table 2 at a quarter of the side, k = 1, 313 bins',
      atConv3,
      { ...quarter, binSet: 'zhang-313' },
      2_521_365,
      '5.29',
      73,
    ],
  ] as [string, Partial<ModelRecipe>, LossRecipe, number, string, number][])(
    '%s, as the table says',
    (_, model, loss, parameters, gigaMacs, mebibytes) => {
      const { macs, activationBytes, ...description } = described(model, loss);
      const decimals = (gigaMacs.split('.')[1] ?? '').length;

      expect(description.parameters).toBe(parameters);
      expect((macs / 1e9).toFixed(decimals)).toBe(gigaMacs);
      expect(Math.abs(activationBytes / 2 ** 20 - mebibytes)).toBeLessThan(0.51);
    },
  );

  test.each([
    ['Table 1', {}, table1, 388_322, '0.181'],
    ['Table 2, k = 3', atConv3, table2, 10_492_045, '511.9'],
    ['Table 2, k = 1', atConv3, { ...table2, headKernel: 1 }, 1_492_045, '60.3'],
  ] as [string, Partial<ModelRecipe>, LossRecipe, number, string][])(
    'of that in the decoder of %s, as the table says',
    (_, model, loss, parameters, gigaMacs) => {
      const decoder = decoderOf(described(model, loss));

      expect(decoder.parameters).toBe(parameters);
      expect((decoder.macs / 1e9).toFixed(gigaMacs.split('.')[1]!.length)).toBe(gigaMacs);
    },
  );

  test.each([
    ['Table 1', {}, table1],
    ['Table 2', atConv3, table2],
  ] as [string, Partial<ModelRecipe>, LossRecipe][])(
    'with three channels into %s: 6,272 parameters and 0.079 · 10⁹ multiply-adds more',
    (_, model, loss) => {
      const one = described(model, loss);
      const three = described({ ...model, inputAdaptation: 'replicate-normalised' }, loss);

      expect(three.parameters - one.parameters).toBe(6272);
      expect(((three.macs - one.macs) / 1e9).toFixed(3)).toBe('0.079');
    },
  );

  test.each([table2, { ...table2, headKernel: 1 } as LossRecipe])(
    '75 MiB of activations for Table 2 on images of 64 pixels, k = $headKernel',
    (loss) => {
      const { activationBytes } = described({ ...atConv3, imageSize: 64 }, loss);

      expect((activationBytes / 2 ** 20).toFixed(2)).toBe('74.95');
    },
  );

  // Multiply-adds in 10⁹ of Table 1 on three encoders and of Table 2 with both kernels. ResNet-152 at
  // 128 pixels has 3.5846; the table that these come from says 3.59.
  test.each([
    [32, ['0.064', '0.224', '0.289', '1.26', '10.5']],
    [64, ['0.255', '0.896', '1.15', '5.05', '41.9']],
    [96, ['0.574', '2.02', '2.60', '11.4', '94']],
    [128, ['1.02', '3.58', '4.62', '20.2', '168']],
  ])('less on images of %d pixels', (imageSize, expected) => {
    const recipes: [Partial<ModelRecipe>, LossRecipe][] = [
      [{}, table1],
      [{ encoder: 'resnet152' }, table1],
      [{ encoder: 'vgg16' }, table1],
      [atConv3, { ...table2, headKernel: 1 } as LossRecipe],
      [atConv3, table2],
    ];
    const gigaMacs = recipes.map(([model, loss], index) =>
      (described({ imageSize, ...model }, loss).macs / 1e9).toFixed(
        expected[index]!.split('.')[1]?.length ?? 0,
      ),
    );

    expect(gigaMacs).toEqual(expected);
  });
});

describe('a description', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  const combined: LossRecipe = {
    type: 'combined',
    regression: plainRegression,
    classification: { ...plainClassification, binGridSize: 40 },
    regressionWeight: 10,
    decodeFrom: 'classification',
  };

  test.each([
    [{ encoder: 'resnet50', inputAdaptation: 'replicate-normalised' }, table1],
    [{ encoder: 'vgg16bn', cut: 'conv5', upsampling: 'transposed' }, table1],
    [{ encoder: 'resnet18', cut: 'conv2', freezeThrough: 'conv1' }, combined],
  ] as const)('counts what a network with %o has, frozen parameters apart', (model, loss) => {
    const recipe = recipeOf({ width: 0.25, imageSize: 32, ...model }, loss);
    const network = buildNetwork(recipe, 1);
    const sizeOf = (variables: typeof network.variables) =>
      variables.reduce((sum, { variable }) => sum + variable.size, 0);
    const { parameters, trainableParameters, statistics } = describeNetwork(recipe);

    expect(parameters).toBe(sizeOf(network.variables));
    expect(trainableParameters).toBe(sizeOf(network.trainable));
    expect(statistics).toBe(sizeOf(network.statistics));
    network.dispose();
  });

  test.each([
    [{ encoder: 'resnet18', cut: 'conv5' }, combined],
    [{ encoder: 'vgg16', cut: 'conv3', upsampling: 'bilinear' }, combined],
    [{ encoder: 'resnet50', cut: 'conv4', upsampling: 'transposed' }, combined],
  ] as const)('ends each head with %o in the shape that it puts out', (model, loss) => {
    const recipe = recipeOf({ width: 0.125, imageSize: 96, ...model }, loss);
    const { layers } = describeNetwork(recipe);
    const network = buildNetwork(recipe, 1);
    const { ab, logits } = network.forward(tf.zeros([1, 96, 96, 1]), false);

    const last = (part: string) => layers.findLast((layer) => layer.part === part)!.output;
    expect(last('regression')).toEqual(ab!.shape.slice(1));
    expect(last('classification')).toEqual(logits!.shape.slice(1));
    tf.dispose([ab!, logits!]);
    network.dispose();
  });

  test('names each layer once, with the shapes that it takes and gives', () => {
    const { layers } = described({ encoder: 'resnet18' }, table1);

    expect(new Set(layers.map(({ name }) => name)).size).toBe(layers.length);
    expect(layers.slice(0, 4).map(({ name, kind, output }) => [name, kind, ...output])).toEqual([
      ['encoder/conv1', 'convolution', 112, 112, 64],
      ['encoder/bn1', 'batch norm', 112, 112, 64],
      ['encoder/relu', 'relu', 112, 112, 64],
      ['encoder/maxpool', 'max pool', 56, 56, 64],
    ]);
    expect(layers.find(({ name }) => name === 'encoder/layer2/0/downsample/0')).toEqual({
      name: 'encoder/layer2/0/downsample/0',
      kind: 'convolution',
      part: 'conv3',
      isFrozen: false,
      input: [56, 56, 64],
      output: [28, 28, 128],
      parameters: 64 * 128,
      statistics: 0,
      macs: 28 * 28 * 64 * 128,
      activationBytes: 4 * 28 * 28 * 128,
    });
  });

  test('keeps of frozen stages only what they hand on, and nothing for their gradients', () => {
    const free = described({}, table1);
    const frozen = described({ freezeThrough: 'conv3' }, table1);
    const handedOn = 4 * 28 * 28 * 128;
    const kept = (description: NetworkDescription) =>
      description.layers
        .filter(({ part }) => ['conv1', 'conv2', 'conv3'].includes(part))
        .reduce((sum, { activationBytes }) => sum + activationBytes, 0);

    expect(kept(frozen)).toBe(handedOn);
    expect(free.activationBytes - frozen.activationBytes).toBe(kept(free) - handedOn);
    expect(frozen.parameters).toBe(free.parameters);
    expect(frozen.memory.gradients).toBe(4 * (8_552_354 - 1_341_632));
  });

  test('tells what the largest layer of frozen stages takes and gives, which is kept by none', () => {
    expect(described({}, table1).frozenBytes).toBe(0);
    expect(described({ freezeThrough: 'conv3' }, table1).frozenBytes).toBe(4 * 2 * 112 ** 2 * 64); // its first batch norm
    expect(described({ encoder: 'vgg16', freezeThrough: 'conv1' }, table1).frozenBytes).toBe(
      4 * 2 * 224 ** 2 * 64, // its second convolution
    );
  });

  test('counts the memory of a batch, and of what the optimizer keeps beside each parameter', () => {
    const recipe = recipeOf({}, table1);
    const { memory, parameters, statistics, activationBytes } = describeNetwork(recipe, { batch: 8 });
    const optimizerBytes = (change: Partial<DescribedRecipe>) =>
      describeNetwork({ ...recipe, ...change }).memory.optimizer / (4 * parameters);
    const sgd = { type: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: false, weightDecay: 0 } as const;

    expect(memory).toEqual({
      weights: 4 * (parameters + statistics),
      gradients: 4 * parameters,
      optimizer: 8 * parameters,
      activations: 8 * activationBytes,
    });
    expect(optimizerBytes({ optimizer: sgd })).toBe(1);
    expect(optimizerBytes({ averageDecay: 0.999 })).toBe(3);
  });

  test('takes the images computed at once from the recipe, unless told', () => {
    const recipe = recipeOf({}, table1);

    expect(describeNetwork(recipe).batch).toBe(32);
    expect(describeNetwork({ ...recipe, microBatch: 8 }).batch).toBe(8);
    expect(describeNetwork({ ...recipe, microBatch: 64 }).batch).toBe(32);
    expect(describeNetwork({ ...recipe, microBatch: 8 }, { batch: 2 }).batch).toBe(2);
  });

  test('allocates nothing', () => {
    const before = tf.memory().numTensors;
    described({ encoder: 'resnet152' }, table1);

    expect(tf.memory().numTensors).toBe(before);
  });
});

const recipeOf = (model: Partial<ModelRecipe>, loss: LossRecipe): DescribedRecipe => ({
  ...plainTraining,
  optimizer: plainAdam,
  model: { ...plainModel, imageSize: 224, ...model },
  loss,
});

const described = (model: Partial<ModelRecipe>, loss: LossRecipe) => describeNetwork(recipeOf(model, loss));

const isOfTrunk = ({ part }: LayerDescription) => part.startsWith('conv');

const layersOfTrunk = ({ layers }: NetworkDescription) => layers.filter(isOfTrunk);

const trunkOf = (description: NetworkDescription) => costOf(layersOfTrunk(description));

const decoderOf = ({ layers }: NetworkDescription) => costOf(layers.filter((layer) => !isOfTrunk(layer)));

function costOf(layers: readonly LayerDescription[]): { parameters: number; macs: number } {
  const sum = (of: 'parameters' | 'macs') => layers.reduce((total, layer) => total + layer[of], 0);
  return { parameters: sum('parameters'), macs: sum('macs') };
}
