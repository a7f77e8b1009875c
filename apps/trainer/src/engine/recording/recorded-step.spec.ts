import { plainAdam, type Recipe } from '@chromatune/contracts';
import { createEagerStep, inMemory, type Step } from '@chromatune/models';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Engine, loadEngine } from '../../engine.js';
import {
  batchOf,
  bitsOf,
  combinations,
  expectMovedAlike,
  expectNear,
  expectSameEvaluation,
  expectWithin,
  model,
  networks,
  sgd,
  start,
} from '../testing/compared-steps.js';
import { everyStep } from '../testing/every-step.js';
import { Graph } from './graph.js';
import { createRecordedStep } from './recorded-step.js';
import { record, RecordingRefused } from './recorder.js';
import type { TensorFlowBackend } from '../tensorflow-addon.js';

// The recorded step against the eager one on the same engine. Without TensorFlow on the machine this fails, naming the
// remedy, unless CHROMATUNE_ENGINE=portable says that it is meant so.
const onlyPortable = process.env.CHROMATUNE_ENGINE === 'portable';

describe.skipIf(onlyPortable)('the recorded step', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await loadEngine('native', { threads: 1 });
  });

  const started: Step[] = [];
  const startHere = (...how: Parameters<typeof start>) => {
    const step = start(...how);
    started.push(step);
    return step;
  };
  afterEach(() => {
    for (const step of started.splice(0)) step.dispose();
  });

  test.each(combinations)('computes what the eager one does over 20 steps: %s', async (_name, change) => {
    await forSomeSeed(6, (seed) => compareRoughly(change, seed));
  });

  test.each(everyStep())(
    'computes closely what the eager one does over 20 steps: %s',
    async (_name, change) => {
      await compareClosely(change);
    },
  );

  test.each(networks.filter(([, , stays]) => stays))(
    'leaves alone what is to stay: %s',
    async (_name, change, stays) => {
      const { before, after } = await compareClosely({
        optimizer: { ...sgd, learningRate: 1e-3 },
        ...change,
      });

      const unmoved = before.tensors.filter(({ name, data }) => String(after.read(name)) === String(data));
      expect(unmoved.map(({ name }) => name)).toEqual(
        before.tensors.map(({ name }) => name).filter((name) => stays!.test(name)),
      );
    },
  );

  /** 20 steps as they are taken in earnest, the last of an epoch being smaller, and an evaluation. */
  async function compareRoughly(change: Partial<Recipe>, seed: number) {
    const recorded = startHere(engine.createStep, change, seed);
    const eager = startHere(createEagerStep, change, seed);
    const losses: [number, number][] = [];
    const norms: [number, number][] = [];
    for (let i = 0; i < 20; i++) {
      const batch = batchOf(i % 5 === 4 ? 2 : 4, i);
      const [ours, theirs] = [await recorded.run(batch), await eager.run(batch)];
      losses.push([ours.loss, theirs.loss]);
      norms.push([ours.gradientNorm, theirs.gradientNorm]);
    }

    // Rounding in another order grows from step to step, as batch norm over so few pixels makes it.
    expectWithin(losses.slice(0, 3), 1e-4);
    expectWithin(norms.slice(0, 3), 1e-2);
    expectWithin(losses, 5e-2);
    expect(losses.at(-1)![0]).toBeLessThan(losses[0]![0]);
    expectNear(recorded.state(), eager.state(), 1e-2);
    const [ours, theirs] = [await recorded.evaluate(batchOf(3)), await eager.evaluate(batchOf(3))];
    expect(Math.abs(ours.loss / theirs.loss - 1)).toBeLessThan(1e-2);
    expect(recorded.learningRate()).toBe(eager.learningRate());
  }

  /** 20 steps and an evaluation, where rounding hardly grows. */
  async function compareClosely(change: Partial<Recipe>) {
    const shape = { images: 4, size: model.imageSize };
    const expected = { train: [shape], evaluate: [shape] };
    const recorded = startHere(engine.createStep, change, 1, { expected });
    const eager = startHere(createEagerStep, change);
    const before = inMemory(recorded.state());
    const losses: [number, number][] = [];
    const norms: [number, number][] = [];
    for (let i = 0; i < 20; i++) {
      const batch = batchOf(shape.images, i);
      const [ours, theirs] = [await recorded.run(batch), await eager.run(batch)];
      losses.push([ours.loss, theirs.loss]);
      norms.push([ours.gradientNorm, theirs.gradientNorm]);
      expect(recorded.learningRate()).toBe(eager.learningRate());
    }

    expectWithin(losses, 1e-5);
    expectWithin(norms, 1e-2); // of ResNet-152, 6e-4; of most, 1e-6
    const after = inMemory(recorded.state());
    expectMovedAlike(before, after, eager.state());
    const batch = batchOf(shape.images, 99);
    expectSameEvaluation(await recorded.evaluate(batch), await eager.evaluate(batch));
    return { before, after };
  }

  test('goes on bit for bit from a state that was saved half-way, in another recording', async () => {
    const change = { averageDecay: 0.9, microBatch: 3 };
    const whole = startHere(engine.createStep, change);
    for (let i = 0; i < 3; i++) await whole.run(batchOf(4, i));
    const saved = inMemory(whole.state());
    const expected = [];
    for (let i = 3; i < 6; i++) expected.push(await whole.run(batchOf(4, i)));

    const resumed = startHere(engine.createStep, change, 99);
    resumed.restore(saved);
    const actual = [];
    for (let i = 3; i < 6; i++) actual.push(await resumed.run(batchOf(4, i)));

    expect(actual).toEqual(expected);
    expect(bitsOf(resumed)).toEqual(bitsOf(whole));
  });

  test.each<[string, Partial<Recipe>]>([
    ['a narrow network', {}],
    ['one whose weights are read in several calls', { model: { ...model, width: 1.25, cut: 'conv5' } }],
  ])(
    'has the same state in both kinds, so that a checkpoint of one is read by the other: %s',
    async (_name, network) => {
      const change = { averageDecay: 0.9, optimizer: sgd, ...network };
      const [recorded, eager] = [startHere(engine.createStep, change), startHere(createEagerStep, change)];
      await recorded.run(batchOf(2));

      eager.restore(recorded.state());
      expect(bitsOf(eager)).toEqual(bitsOf(recorded));
      const other = startHere(engine.createStep, change, 99);
      other.restore(eager.state());
      expect(bitsOf(other)).toEqual(bitsOf(recorded));
    },
  );

  test('shares no memory with what it was restored from', async () => {
    const step = startHere(engine.createStep, { model: { ...model, width: 1 } });
    const given = inMemory(step.state());
    const bits = bitsOf(step);

    step.restore(given);
    for (const { data } of given.tensors) data.fill(7);

    expect(bitsOf(step)).toEqual(bits);
  });

  test('keeps no tensor, whatever comes', async () => {
    const step = startHere(engine.createStep, {});
    const batch = batchOf(2);
    await step.run(batch);
    await step.evaluate(batch);
    const { numTensors } = tf.memory();

    await step.run(batch);
    await step.evaluate(batch);
    step.restore(step.state());
    await step.run(batchOf(1)); // a shape that must be recorded first
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test('records the batches that are expected at once', async () => {
    const shape = { images: 2, size: 32 };
    const step = start(engine.createStep, {}, 1, { expected: { train: [shape], evaluate: [shape] } });
    const loaded = backend().binding.getNumOfSavedModels();
    await step.run(batchOf(2));
    await step.evaluate(batchOf(2));

    expect(backend().binding.getNumOfSavedModels()).toBe(loaded);
    step.dispose();
    expect(backend().binding.getNumOfSavedModels()).toBe(loaded - 1);
  });

  test('returns a loss that is not finite', async () => {
    const step = startHere(engine.createStep, { optimizer: { ...plainAdam, learningRate: 1e10 } });
    for (let i = 0; i < 3; i++) await step.run(batchOf(1));

    expect(Number.isFinite((await step.run(batchOf(1))).loss)).toBe(false);
  });
});

describe.skipIf(onlyPortable)('a step that XLA refuses to compile', () => {
  test.each<[string, Partial<Recipe>]>([
    ['whole', {}],
    ['in micro-batches', { microBatch: 3 }],
  ])('is computed as if nobody had wanted it compiled, and says why: %s', async (_name, change) => {
    await loadEngine('native', { threads: 1 }); // without the gradient of max pooling that XLA takes
    const warnings: string[] = [];
    const as = (compile: boolean) =>
      start(
        (network, loss, recipe, options) =>
          createRecordedStep(network, loss, recipe, {
            ...options,
            compile,
            ahead: false,
            backend: tf.backend() as unknown as TensorFlowBackend,
          }),
        change,
        1,
        {
          expected: { train: [{ images: 4, size: model.imageSize }], evaluate: [] },
          warn: (message) => warnings.push(message),
        },
      );
    const plain = as(false);
    expect(warnings).toEqual([]);
    const refused = as(true);

    expect(warnings).toEqual([expect.stringMatching(/^XLA does not compile .*: GPU MaxPool gradient/)]);
    for (let i = 0; i < 2; i++)
      expect(await refused.run(batchOf(4, i))).toEqual(await plain.run(batchOf(4, i)));
    expect(bitsOf(refused)).toEqual(bitsOf(plain));
    for (const step of [plain, refused]) step.dispose();
  });
});

describe.skipIf(onlyPortable)('a weight that is not a number', () => {
  test('shows in the norm of the gradient, even where the graph’s ReLU hides it from the loss', async () => {
    const { createStep } = await loadEngine('native', { threads: 1 });
    const step = start(createStep, {});
    const state = inMemory(step.state());
    state.read('encoder/conv1/weight').fill(Number.NaN);
    step.restore(state);

    expect((await step.run(batchOf(2))).gradientNorm).toBeNaN();
  });
});

describe.skipIf(onlyPortable)('a recording', () => {
  beforeAll(async () => {
    await loadEngine('native', { threads: 1 });
  });

  test('refuses to look at numbers that will change', () => {
    expect(() => recordOne((x) => tf.mul(x, x.dataSync()[0]!))).toThrow(RecordingRefused);
    expect(() => recordOne((x) => tf.mul(x, x.dataSync()[0]!))).toThrow('of shape [2,3] (dataSync)');
  });

  test('refuses a tensor from before that nobody named', () => {
    const stranger = tf.add(tf.ones([3]), 1);

    expect(() => recordOne((x) => tf.mul(x, stranger))).toThrow(
      'Mul uses a tensor from before the recording',
    );
  });

  test.each<[operation: string, build: (x: tf.Tensor) => tf.Tensor]>([
    ['dropout', (x) => tf.dropout(x, 0.5)],
    [
      'rand',
      (x) =>
        tf.mul(
          x,
          tf.rand([2, 3], () => 4),
        ),
    ],
    ['randomUniform', (x) => tf.mul(x, tf.randomUniform([2, 3]))],
    ['randomUniformInt', (x) => tf.mul(x, tf.randomUniformInt([2, 3], 0, 9))],
    ['randomNormal', (x) => tf.mul(x, tf.randomNormal([2, 3]))],
    ['randomStandardNormal', (x) => tf.mul(x, tf.randomStandardNormal([2, 3]))],
    ['randomGamma', (x) => tf.mul(x, tf.randomGamma([2, 3], 1))],
    ['truncatedNormal', (x) => tf.mul(x, tf.truncatedNormal([2, 3]))],
    ['multinomial', (x) => tf.multinomial(x as tf.Tensor2D, 4)],
    ['Multinomial', (logits) => tf.engine().runKernel('Multinomial', { logits }, { numSamples: 4, seed: 1 })],
  ])('refuses an operation that draws random numbers: %s', (operation, build) => {
    expect(() => recordOne(build)).toThrow(new RecordingRefused(`${operation} draws numbers of its own.`));
    expect(tf.randomUniform([2]).shape).toEqual([2]); // elsewhere it still does
  });

  test('refuses an attribute that it cannot write', () => {
    const scales = { name: 'scales', type: backend().binding.TF_ATTR_FLOAT, value: [1, 2] };

    expect(() => recordOne((x) => backend().executeSingleOutput('Rescale', [scales], [x]))).toThrow(
      new RecordingRefused('Rescale has an attribute scales of a kind that is not known here.'),
    );
  });

  test('takes a tensor from before that is named as constant', () => {
    const table = tf.add(tf.ones([3]), 1);

    expect(recordOne((x) => tf.mul(x, table), [table])).toBe('n1');
  });

  test('lets the numbers of constants be looked at', () => {
    expect(() => recordOne((x) => tf.mul(x, tf.add(tf.scalar(1), 2).dataSync()[0]!))).not.toThrow();
  });

  test('frees what was computed to learn shapes', () => {
    const { numTensors } = tf.memory();
    const before = backend().binding.getNumOfTensors();
    recordOne((x) => tf.sum(tf.square(tf.add(x, 1))));

    expect(tf.memory().numTensors).toBe(numTensors);
    expect(backend().binding.getNumOfTensors()).toBe(before);
  });
});

const backend = () => tf.backend() as unknown as TensorFlowBackend;

/** Name of the node of what `build` makes of a placeholder of shape [2, 3]. */
function recordOne(build: (x: tf.Tensor) => tf.Tensor, constants: tf.Tensor[] = []): string {
  const x = tf.ones([2, 3]);
  let node = '';
  const given = new Map([[x as tf.Tensor, 'x']]);
  const use = (result: tf.Tensor, nodeOf: (tensor: tf.Tensor) => string) => void (node = nodeOf(result));
  try {
    record({ backend: backend(), graph: new Graph(), given, constants, build: () => build(x), use });
  } finally {
    x.dispose();
  }
  return node;
}

/**
 * A ReLU whose input rounding moves over 0 makes two steps part, for some cases with every other seed. A mistake makes them
 * part whatever the seed.
 */
async function forSomeSeed(seeds: number, compare: (seed: number) => Promise<void>): Promise<void> {
  for (let seed = 1; seed < seeds; seed++) {
    try {
      return await compare(seed);
    } catch (error) {
      if ((error as Error).name !== 'AssertionError') throw error;
    }
  }
  await compare(seeds);
}
