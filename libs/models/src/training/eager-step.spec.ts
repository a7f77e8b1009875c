import * as tf from '@tensorflow/tfjs';
import {
  plainAdam,
  plainClassification,
  plainModel,
  plainRegression,
  plainTraining,
  type Recipe,
} from '@chromatune/contracts';
import { stream } from '@chromatune/random';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeLoss } from '../losses/loss.js';
import { buildNetwork } from '../networks/network.js';
import { predictAb } from '../predict.js';
import { createEagerStep } from './eager-step.js';
import { inMemory, stateOfTensors, type StateTensor } from './state.js';
import { type Batch, type Step } from './step.js';

type TrainingRecipe = Pick<Recipe, 'model' | 'loss' | 'optimizer'> & Partial<Recipe>;

const model = { ...plainModel, encoder: 'resnet18', width: 0.125, imageSize: 32 } as const;
const optimizer = { ...plainAdam, learningRate: 3e-3 };
const regression: TrainingRecipe = {
  model,
  optimizer,
  loss: plainRegression,
};
const classification: TrainingRecipe = {
  model: { ...model, cut: 'conv3' },
  optimizer,
  loss: { ...plainClassification, binGridSize: 40 },
};
const recipes = { regression, classification };

beforeAll(async () => {
  await tf.setBackend('cpu');
});

let tensorsBefore = 0;
beforeEach(() => {
  tensorsBefore = tf.memory().numTensors;
});

describe.each(['regression', 'classification'] as const)('a step of %s', (type) => {
  test('brings the loss down, and the colours nearer to the truth', { timeout: 120_000 }, async () => {
    const { step, dispose } = training(recipes[type]);
    const batch = learnableBatch(1);
    const losses: number[] = [];
    for (let i = 0; i < 30; i++) losses.push((await step.run(batch)).loss);

    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
    const greyError = meanSquare(new Float32Array(batch.ab.length), batch);
    expect(meanSquare((await step.evaluate(batch)).ab, batch)).toBeLessThan(greyError);
    dispose();
  });

  test('goes on bit for bit from a state that was saved half-way', async () => {
    const batches = [1, 2, 3, 4].map((seed) => learnableBatch(1, seed));
    const whole = training(recipes[type]);
    for (const batch of batches.slice(0, 2)) await whole.step.run(batch);
    const saved = inMemory(whole.step.state());
    const expected = [];
    for (const batch of batches.slice(2)) expected.push(await whole.step.run(batch));

    const resumed = training(recipes[type], 99); // other initial weights, all to be replaced
    await resumed.step.run(batches[3]!);
    resumed.step.restore(saved);
    const actual = [];
    for (const batch of batches.slice(2)) actual.push(await resumed.step.run(batch));

    expect(actual).toEqual(expected);
    expect(bitsOf(resumed.step)).toEqual(bitsOf(whole.step));
    whole.dispose();
    resumed.dispose();
  });

  test('keeps no tensor', async () => {
    const { step, network, loss, dispose } = training(recipes[type]);
    const batch = learnableBatch(1);
    await step.run(batch);
    const afterFirst = tf.memory().numTensors;

    await step.run(batch);
    step.restore(step.state());
    predictAb(network, loss, batch.l, { images: batch.images, height: batch.size, width: batch.size });
    await step.evaluate(batch);
    expect(tf.memory().numTensors).toBe(afterFirst);

    dispose();
    expect(tf.memory().numTensors).toBe(tensorsBefore);
  });

  test('takes a smaller last batch', async () => {
    const { step, dispose } = training(recipes[type]);
    await step.run(learnableBatch(2));

    expect((await step.run(learnableBatch(1))).loss).toBeGreaterThan(0);
    dispose();
  });

  test('is the same for the same seed, and another for another seed', async () => {
    const weightsAfterOneStep = async (seed: number) => {
      const { step, dispose } = training(recipes[type], seed);
      await step.run(learnableBatch(1));
      const bits = bitsOf(step);
      dispose();
      return bits;
    };
    const first = await weightsAfterOneStep(1);

    expect(await weightsAfterOneStep(1)).toEqual(first);
    expect(await weightsAfterOneStep(2)).not.toEqual(first);
  });
});

describe('a step', () => {
  test('changes each weight by the learning rate at first, as Adam does', async () => {
    const change = async (learningRate: number) => {
      const { step, dispose } = training({ ...regression, optimizer: { ...optimizer, learningRate } });
      const before = weightOf(step, 'decoder/3/conv/bias');
      await step.run(learnableBatch(1));
      const after = weightOf(step, 'decoder/3/conv/bias');
      dispose();
      return after.map((value, index) => Math.abs(value - before[index]!));
    };

    for (const value of await change(1e-8)) expect(value).toBeCloseTo(1e-8, 12);
    for (const value of await change(0.1)) expect(value).toBeCloseTo(0.1, 5);
  });

  test('moves the statistics of batch norm a tenth of the way to those of the batch, with the unbiased variance', async () => {
    const { step, network, dispose } = training(regression);
    const batch = learnableBatch(1);
    const [mean, variance] = firstConvolutionStatistics(network, batch);
    await step.run(batch);

    expect(weightOf(step, 'encoder/bn1/running_mean')[0]).toBeCloseTo(0.1 * mean, 6);
    expect(weightOf(step, 'encoder/bn1/running_var')[0]).toBeCloseTo(0.9 + 0.1 * variance, 6);
    dispose();
  });

  test('returns a loss that is not finite', async () => {
    const { step, dispose } = training({ ...regression, optimizer: { ...optimizer, learningRate: 1e38 } });
    for (let i = 0; i < 3; i++) await step.run(learnableBatch(1));

    expect(Number.isFinite((await step.run(learnableBatch(1))).loss)).toBe(false);
    dispose();
  });

  test('names the tensor that a foreign state lacks or that has another shape', () => {
    const { step, dispose } = training(regression);
    const state = inMemory(step.state()).tensors;
    const others = state.filter(({ name }) => name !== 'encoder/conv1/weight');
    const wider = { name: 'encoder/conv1/weight', shape: [7, 7, 1, 9], data: new Float32Array(441) };
    const restore = (tensors: StateTensor[]) => step.restore(stateOfTensors(tensors));

    expect(() => restore(others)).toThrow('lacks the tensor encoder/conv1/weight');
    expect(() => restore([...others, wider])).toThrow(
      'encoder/conv1/weight has shape [7,7,1,9]; this network needs [7,7,1,8]',
    );
    expect(() => restore([...state, { name: 'stranger', shape: [1], data: Float32Array.of(1) }])).toThrow(
      'unknown tensor stranger',
    );
    expect(() => restore([...others, { ...wider, data: new Float32Array(440) }])).toThrow(
      'encoder/conv1/weight has 440 numbers; its shape holds 441',
    );
    dispose();
  });

  test('refuses images that the network cannot halve four times', async () => {
    const { step, dispose } = training(regression);
    const batch = { l: new Uint8Array(40 * 40), ab: new Uint8Array(40 * 40 * 2), images: 1, size: 40 };

    await expect(step.run(batch)).rejects.toThrow('multiple of 16');
    dispose();
  });
});

function training(recipe: TrainingRecipe, seed = 1) {
  const network = buildNetwork(recipe, seed);
  const loss = makeLoss(recipe);
  const step = createEagerStep(
    network,
    loss,
    { ...plainTraining, epochs: 1, ...recipe },
    { stepsPerEpoch: 100 },
  );
  const dispose = () => {
    step.dispose();
    network.dispose();
    loss.dispose();
  };
  return { network, loss, step, dispose };
}

/** Blocks of 8 x 8 pixels whose colour follows from their lightness: bright is blue, dark is orange. */
function learnableBatch(images: number, seed = 1): Batch {
  const size = 32;
  const random = stream(seed, 'toy batch');
  const l = new Uint8Array(images * size * size);
  const ab = new Uint8Array(images * size * size * 2);
  for (let image = 0; image < images; image++) {
    const blocks = Array.from({ length: 16 }, () => random.integer(2));
    for (let pixel = 0; pixel < size * size; pixel++) {
      const block = blocks[Math.floor(pixel / size / 8) * 4 + Math.floor((pixel % size) / 8)]!;
      const at = image * size * size + pixel;
      l[at] = block ? 200 : 60;
      ab.set(block ? [120, 88] : [158, 168], 2 * at);
    }
  }
  return { l, ab, images, size };
}

const bitsOf = (step: Step) =>
  inMemory(step.state()).tensors.map(({ name, shape, data }) => [
    name,
    shape,
    Buffer.from(data.buffer).toString('hex'),
  ]);

const weightOf = (step: Step, name: string) => [...step.state().read(name)];

function meanSquare(ab: Float32Array, batch: Batch): number {
  return ab.reduce((sum, value, index) => sum + (value - (batch.ab[index]! - 128)) ** 2, 0) / ab.length;
}

/** Mean and unbiased variance of the first channel that the first batch norm sees. */
function firstConvolutionStatistics(
  network: ReturnType<typeof buildNetwork>,
  batch: Batch,
): [number, number] {
  return tf.tidy(() => {
    const l = tf.tensor4d(
      Float32Array.from(batch.l, (value) => ((value * 100) / 255 - 50) / 100),
      [batch.images, batch.size, batch.size, 1],
    );
    const filter = network.variables[0]!.variable as unknown as tf.Tensor4D;
    const values = [...tf.conv2d(l, filter, 2, 3).slice([0, 0, 0, 0], [-1, -1, -1, 1]).dataSync()];
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return [mean, values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)];
  });
}
