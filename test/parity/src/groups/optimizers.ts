import {
  createEagerStep,
  inMemory,
  type Loss,
  type Network,
  type StateTensor,
  type Step,
} from '@chromatune/models';
import * as tf from '@tensorflow/tfjs';
import { type Comparison, distance, type Item, worseOf } from '../comparison.js';
import type { CreateStep, Engine } from '../engine.js';
import { type OptimizerCase, readFixtures } from '../fixtures.js';
import { hashValues } from '../hash-fill.js';
import { torchName } from '../torch-order.js';

const steps = 20;
const side = 16;
const sizes = { 'encoder/weight': 12, 'decoder/weight': 5 };
const numbers = 17;

/** Twenty updates on a given series of gradients, by the eager training step and by the recorded one where runs use that. */
export const optimizerItems = ({ createRecordedStep }: Engine): Item[] => [
  ...itemsThrough('eager', createEagerStep),
  ...(createRecordedStep ? itemsThrough('recorded', createRecordedStep) : []),
];

const itemsThrough = (kind: 'eager' | 'recorded', createStep: CreateStep): Item[] =>
  readFixtures('optimizers').map((one) => ({
    item: `${one.name}, ${steps} ${kind} steps`,
    source: 'torch.optim',
    tested: 'always',
    bound: 1e-6,
    compute: () => compareOptimizer(one, createStep),
  }));

async function compareOptimizer(one: OptimizerCase, createStep: CreateStep): Promise<Comparison> {
  const network = twoVectors();
  const loss = slopes(one.scale);
  const step = createStep(network, loss, recipeOf(one), { stepsPerEpoch: steps });
  const differences = [];
  for (let number = 1; number <= steps; number++) {
    await step.run(batchOf(number));
    const reference = one.after.find((kept) => kept.step === number);
    if (reference) differences.push(...differencesOf(step, reference, one.averageDecay > 0));
  }
  for (const each of [step, loss, network]) each.dispose();
  return differences.reduce(worseOf);
}

/** As a share of the largest weight of each vector; the figures for people are the norms. */
function differencesOf(
  step: Step,
  reference: OptimizerCase['after'][number],
  isAveraged: boolean,
): Comparison[] {
  const state = inMemory(step.state()).tensors;
  return Object.keys(sizes).map((name) => {
    const ours = tensorOf(state, isAveraged ? `average/${name}` : name);
    const expected = reference.weights[torchName(name)]!;
    const largest = Math.max(...expected.map(Math.abs));
    return {
      ours: Math.hypot(...ours),
      reference: Math.hypot(...expected),
      difference: Math.max(...expected.map((value, index) => distance(ours[index]!, value, largest))),
      where: `${name} after step ${reference.step}`,
    };
  });
}

/** A network that is nothing but an encoder and a decoder of some numbers. */
function twoVectors(): Network {
  const variables = Object.entries(sizes).map(([name, size]) => ({
    name,
    variable: tf.tidy(() => tf.variable(tf.tensor1d(hashValues(torchName(name), size)))),
  }));
  return {
    variables,
    trainable: variables,
    statistics: [],
    movingStatistics: [],
    forward: () => {
      const flat = tf.concat1d(variables.map(({ variable }) => variable as unknown as tf.Tensor1D));
      return { ab: flat.reshape([1, 1, 1, numbers]) };
    },
    dispose: () => tf.dispose(variables.map(({ variable }) => variable)),
  };
}

/** A loss whose gradient in the weights is the series' next: the step's number is drawn in the picture. */
function slopes(scale: number): Loss {
  const series = tf.tidy(() =>
    tf.tensor2d(
      Array.from({ length: steps }, (_, index) =>
        Object.entries(sizes).flatMap(([name, size]) => [
          ...hashValues(`gradient.${index + 1}.${torchName(name)}`, size, { scale }),
        ]),
      ),
    ),
  );
  return {
    value: ({ ab }, picture) => {
      const chosen = tf.div(tf.cast(picture.flatten().slice(0, steps), 'float32'), 255);
      const slope = tf.matMul(chosen.reshape([1, steps]), series);
      return tf.sum(tf.mul(ab!.flatten(), slope.flatten()));
    },
    decode: ({ ab }) => ab!,
    parts: () => ({}),
    measures: () => ({}),
    floor: null,
    bounds: () => null,
    constants: [series],
    dispose: () => series.dispose(),
  };
}

/** One picture whose first bytes are 0, but 255 at the step's number. */
function batchOf(number: number) {
  const ab = new Uint8Array(side ** 2 * 2);
  ab[number - 1] = 255;
  return { l: new Uint8Array(side ** 2), ab, images: 1, size: side };
}

const recipeOf = ({ optimizer, gradientClip, encoderLearningRateFactor, averageDecay }: OptimizerCase) => ({
  optimizer,
  gradientClip,
  encoderLearningRateFactor,
  averageDecay,
  schedule: { type: 'constant' as const },
  warmupSteps: 0,
  microBatch: 0,
  epochs: 1,
});

function tensorOf(state: readonly StateTensor[], name: string): Float32Array {
  const found = state.find((tensor) => tensor.name === name);
  if (!found) throw new Error(`The state has no ${name}.`);
  return found.data;
}
