import { plainAdam, type Recipe } from '@chromatune/contracts';
import { createEagerStep, inMemory, type Step, type StepOptions } from '@chromatune/models';
import { stream } from '@chromatune/random';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type CreateStep, loadEngine } from '../../engine.js';
import {
  batchOf,
  bitsOf,
  combinations,
  expectNear,
  expectWithin,
  losses,
  model,
  networks,
  sgd,
  start,
} from '../testing/compared-steps.js';
import type { TensorFlowBackend } from '../tensorflow-addon.js';
import { createRecordedStep } from './recorded-step.js';

// What is done for GPUs only, on the CPU: XLA compiles the same graph for either, and a batch can be handed over ahead of its
// step without having a way to go.
const onlyPortable = process.env.CHROMATUNE_ENGINE === 'portable';

/** Kinds of recorded step of this process, whose kernels are those that XLA compiles. */
const recorded =
  (kind: { compile: boolean; ahead: boolean }): CreateStep =>
  (network, loss, recipe, options) =>
    createRecordedStep(network, loss, recipe, {
      ...options,
      ...kind,
      backend: tf.backend() as unknown as TensorFlowBackend,
    });
const compiled = recorded({ compile: true, ahead: true });

beforeAll(async () => {
  if (!onlyPortable) await loadEngine('native', { threads: 2, compile: true });
});

/** What is not about networks is compared on few layers: XLA takes seconds for many. */
const shallow = { model: { ...model, cut: 'conv2' } } as const;

/** Optimizers that the combinations do not have. */
const optimizers: [name: string, change: Partial<Recipe>][] = [
  ['regression with Adam and decay', { optimizer: { ...plainAdam, weightDecay: 1e-2 } }],
  [
    'SGD with Nesterov momentum, falling in steps',
    { optimizer: sgd, schedule: { type: 'step', every: 1, factor: 0.5 } },
  ],
];

// XLA takes seconds for a step, many times that on a busy machine.
describe.skipIf(onlyPortable)('a compiled step', { timeout: 120_000 }, () => {
  // Adam makes steps of rounding errors, too, so that it is compared for a few.
  test.each([...optimizers, ...combinations])(
    'computes what the eager one does: %s',
    async (_name, combination) => {
      const change = { ...shallow, ...combination };
      const [ours, theirs] = [expecting(compiled, change), expecting(createEagerStep, change)];
      const pairs: [number, number][] = [];
      for (let i = 0; i < 4; i++) {
        const batch = batchOf(i === 3 ? 2 : 4, i); // the last of an epoch is smaller, and not compiled
        const [one, other] = [await ours.run(batch), await theirs.run(batch)];
        pairs.push([one.loss, other.loss], [one.gradientNorm, other.gradientNorm]);
      }

      expectWithin(pairs, 1e-2);
      expectNear(ours.state(), theirs.state(), 1e-2);
      ours.dispose();
      theirs.dispose();
    },
  );

  test.each([
    ...networks.map(([name, change]) => [name, { optimizer: sgd, ...change }] as const),
    ...losses.map(([name, loss]) => [name, { ...shallow, loss }] as const),
  ])('computes what the eager one does: %s', async (_name, change) => {
    const [ours, theirs] = [expecting(compiled, change), expecting(createEagerStep, change)];
    const [one, other] = [await ours.run(batchOf(4)), await theirs.run(batchOf(4))];

    expect(Math.abs(one.loss / other.loss - 1)).toBeLessThan(1e-4);
    expect(Math.abs(one.gradientNorm / other.gradientNorm - 1)).toBeLessThan(1e-3);
    ours.dispose();
    theirs.dispose();
  });

  test('gives the same bits again, and goes on from a state bit for bit', async () => {
    const [first, second] = [expecting(compiled, shallow), expecting(compiled, shallow)];
    for (let i = 0; i < 2; i++)
      expect(await first.run(batchOf(4, i))).toEqual(await second.run(batchOf(4, i)));
    await second.run(batchOf(4, 3)); // leads it elsewhere
    second.restore(inMemory(first.state()));

    expect(await second.run(batchOf(4, 2))).toEqual(await first.run(batchOf(4, 2)));
    expect(bitsOf(second)).toEqual(bitsOf(first));
    for (const step of [first, second]) step.dispose();
  });
});

describe.skipIf(onlyPortable)('a batch that is handed over ahead', () => {
  const ahead = recorded({ compile: false, ahead: true });
  const atOnce = recorded({ compile: false, ahead: false });

  test.each<[string, Partial<Recipe>]>([
    ['whole', {}],
    ['in micro-batches', { microBatch: 3 }],
  ])('gives the same bits as one that is handed over in time: %s', async (_name, change) => {
    const batches = [4, 4, 2, 4, 2, 2].map((images, i) => batchOf(images, i));
    const [first, second] = [expecting(ahead, change), expecting(atOnce, change)];
    for (const [i, batch] of batches.entries()) {
      // One comes unexpectedly, one instead of another.
      const next = [batches[1], undefined, batches[3], batches[5], batches[5], undefined][i];
      expect(await first.run(batch, next)).toEqual(await second.run(batch));
    }

    expect(bitsOf(first)).toEqual(bitsOf(second));
    first.dispose();
    second.dispose();
  });

  test('is forgotten when a batch of an unexpected shape takes a new recording', async () => {
    const [first, second] = [expecting(ahead, {}), expecting(atOnce, {})];
    const [usual, other] = [batchOf(4), batchOf(3)];
    await first.run(usual, usual);
    await second.run(usual);

    expect(await first.run(other, usual)).toEqual(await second.run(other));
    expect(await first.run(usual)).toEqual(await second.run(usual));
    first.dispose();
    second.dispose();
  });

  test('keeps no tensor', async () => {
    const step = expecting(ahead, {});
    const batch = batchOf(4);
    await step.run(batch, batch);
    const { numTensors } = tf.memory();
    await step.run(batch, batch);
    await step.run(batch);

    expect(tf.memory().numTensors).toBe(numTensors);
    step.dispose();
  });
});

describe.skipIf(onlyPortable)('operations for the compiler', () => {
  test.each<[window: number, stride: number, side: number]>([
    [2, 2, 8],
    [3, 2, 9],
    [3, 2, 10], // the last row and column belong to no window
  ])('the slope of a maximum goes to its first place: %i by %i', (window, stride, side) => {
    const random = stream(window, 'max pool');
    // Few values, so that many windows have several maxima.
    const values = Float32Array.from({ length: 2 * side * side * 3 }, () => random.integer(4));
    const x = tf.tensor4d(values, [2, side, side, 3]);
    const out = Math.floor((side - window) / stride) + 1;
    const slopes = Float32Array.from({ length: 2 * out * out * 3 }, (_, i) => i + 1);
    const gradient = tf.grad((input: tf.Tensor) => tf.maxPool(input as tf.Tensor4D, window, stride, 'valid'));

    expect(gradient(x, tf.tensor4d(slopes, [2, out, out, 3])).dataSync()).toEqual(
      slopesOfMaxima(values, slopes, { side, out, window, stride }),
    );
  });

  test('pixels are copied', () => {
    const image = tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 1, 3, 2]);

    expect(tf.image.resizeNearestNeighbor(image, [2, 6]).squeeze().arraySync()).toEqual(
      [0, 0].map(() => [
        [1, 2],
        [1, 2],
        [3, 4],
        [3, 4],
        [5, 6],
        [5, 6],
      ]),
    );
  });
});

/** A step that knows which batches will come: four images, two at the end of an epoch. */
function expecting(create: CreateStep, change: Partial<Recipe>, seed = 1): Step {
  const expected: StepOptions['expected'] = {
    train: [4, 2].map((images) => ({ images, size: 32 })),
    evaluate: [],
  };
  const warn = (message: string) => expect.fail(message);
  return start(create, change, seed, { expected, warn });
}

/** The gradient of max pooling, place by place; NHWC with three channels. */
function slopesOfMaxima(
  values: Float32Array,
  slopes: Float32Array,
  { side, out, window, stride }: Record<'side' | 'out' | 'window' | 'stride', number>,
): Float32Array {
  const gradient = new Float32Array(values.length);
  slopes.forEach((slope, i) => {
    const channel = i % 3;
    const column = Math.floor(i / 3) % out;
    const row = Math.floor(i / 3 / out) % out;
    const image = Math.floor(i / 3 / out / out);
    let largest = -1;
    for (let place = 0; place < window ** 2; place++) {
      const [y, x] = [row * stride + Math.floor(place / window), column * stride + (place % window)];
      const at = ((image * side + y) * side + x) * 3 + channel;
      if (largest < 0 || values[at]! > values[largest]!) largest = at;
    }
    gradient[largest]! += slope;
  });
  return gradient;
}
