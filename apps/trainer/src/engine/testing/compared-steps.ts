import { createHash } from 'node:crypto';
import {
  type ClassificationRecipe,
  type LossRecipe,
  plainAdam,
  plainClassification,
  plainModel,
  plainRegression,
  plainTraining,
  type Recipe,
} from '@chromatune/contracts';
import {
  buildNetwork,
  type Evaluation,
  inMemory,
  makeLoss,
  type State,
  type Step,
  type StepOptions,
} from '@chromatune/models';
import { stream } from '@chromatune/random';
import { expect } from 'vitest';
import type { CreateStep } from '../../engine.js';
import { learnableBatch } from './learnable-batch.js';

// What kinds of step are compared on: small networks, and what matters most of what a recipe can say of a step. All of it is in
// every-step.ts, which takes too long where XLA compiles each.

export const model = { ...plainModel, encoder: 'resnet18', width: 0.125, imageSize: 32 } as const;
const classification: ClassificationRecipe = { ...plainClassification, binGridSize: 40 };
export const sgd = {
  type: 'sgd',
  learningRate: 0.01,
  momentum: 0.9,
  nesterov: true,
  weightDecay: 1e-3,
} as const;

/** Much of what a recipe may say of a step, at once. */
export const combinations: [name: string, change: Partial<Recipe>][] = [
  [
    'AdamW with a cosine and warm-up, clipped gradients, a slower encoder and an average',
    {
      optimizer: { ...plainAdam, type: 'adamw', weightDecay: 0.1 },
      schedule: { type: 'cosine', floor: 0.1 },
      warmupSteps: 3,
      gradientClip: 0.05,
      encoderLearningRateFactor: 0.1,
      averageDecay: 0.5,
    },
  ],
  [
    'classification in micro-batches',
    {
      microBatch: 3,
      loss: classification,
      optimizer: { ...plainAdam, learningRate: 3e-4 },
      gradientClip: 1,
      averageDecay: 0.9,
    },
  ],
];

/** What the combinations above do not hold of networks, and which tensors then stay as they are. */
export const networks: [name: string, change: Partial<Recipe>, stays: RegExp | null][] = [
  [
    'bottlenecks, three channels in and bilinear upsampling',
    {
      model: {
        ...model,
        encoder: 'resnet50',
        cut: 'conv3',
        inputAdaptation: 'replicate-normalised',
        upsampling: 'bilinear',
      },
    },
    null,
  ],
  [
    'frozen stages and transposed upsampling',
    { model: { ...model, encoder: 'vgg16bn', freezeThrough: 'conv2', upsampling: 'transposed' } },
    /^encoder\/features\/(\d|1[0-3])\//,
  ],
  [
    'frozen batch norm',
    { model: { ...model, encoder: 'vgg16', batchNorm: 'frozen', cut: 'conv5' } },
    /\/running_/,
  ],
];

const rebalancing = { lambda: 0.5, sigma: 5 };
export const losses: [name: string, loss: LossRecipe][] = [
  ['soft labels', { ...classification, encoding: { type: 'soft', neighbors: 10, sigma: 5 } }],
  [
    'soft labels, rebalanced as in the paper',
    {
      ...classification,
      encoding: { type: 'soft', neighbors: 5, sigma: 5 },
      rebalancing: { type: 'paper', ...rebalancing },
    },
  ],
  [
    'a loss that is rebalanced as in the released code, and summed',
    { ...classification, rebalancing: { type: 'released-code', ...rebalancing }, reduction: 'sum' },
  ],
  ['a double softmax', { ...classification, doubleSoftmax: true, decoding: { type: 'mean' } }],
  ['a Huber loss', { ...plainRegression, penalty: { type: 'huber', delta: 5 }, outputActivation: 'sigmoid' }],
  [
    'both heads',
    {
      type: 'combined',
      classification: { ...classification, headResolution: 'full' },
      regression: plainRegression,
      regressionWeight: 10,
      decodeFrom: 'classification',
    },
  ],
];

/** A step of the plain recipe with changes. */
export function start(
  create: CreateStep,
  change: Partial<Recipe>,
  seed = 1,
  options: Partial<StepOptions> = {},
): Step {
  const recipe = {
    ...plainTraining,
    model: { ...model, cut: change.loss?.type === 'classification' ? 'conv3' : 'conv4' },
    loss: plainRegression,
    optimizer: plainAdam,
    epochs: 4,
    ...change,
  } satisfies Partial<Recipe>;
  const loss = makeLoss(recipe, { abCounts: colorCounts });
  return create(buildNetwork(recipe, seed), loss, recipe, { stepsPerEpoch: 5, ...options });
}

export function expectWithin(pairs: [number, number][], share: number): void {
  for (const [ours, theirs] of pairs) expect(Math.abs(ours / theirs - 1)).toBeLessThan(share);
}

/** Of the two colours of `learnableBatch`. */
const colorCounts = new Float64Array(65_536);
colorCounts[120 * 256 + 88] = 3;
colorCounts[158 * 256 + 168] = 1;

export function expectSameEvaluation(ours: Evaluation, theirs: Evaluation): void {
  const expected: Record<string, number> = { loss: theirs.loss, ...theirs.measures };
  const actual = Object.entries({ loss: ours.loss, ...ours.measures });
  expect(actual.map(([name]) => name)).toEqual(Object.keys(expected));
  for (const [name, value] of actual) {
    expect(Math.abs(value - expected[name]!), name).toBeLessThan(1e-5 * (1 + Math.abs(value)));
  }
  const differences = ours.ab.map((ab, i) => Math.abs(ab - theirs.ab[i]!));
  expect(differences.reduce((most, one) => Math.max(most, one))).toBeLessThan(1e-3);
}

/**
 * Differences of the states are small beside what training has changed, of all tensors of a kind together, or are the rounding
 * of the numbers themselves. The largest share measured is ResNet-152's: 2e-3.
 */
export function expectMovedAlike(before: State, ours: State, theirs: State): void {
  expect(ours.tensors.map(({ name }) => name).sort()).toEqual(theirs.tensors.map(({ name }) => name).sort());
  const kinds = new Map<string, Record<'difference' | 'moved' | 'size', number>>();
  for (const { name } of ours.tensors) {
    const [start, data, other] = [before.read(name), ours.read(name), theirs.read(name)];
    const sums = kinds.get(kindOf(name)) ?? { difference: 0, moved: 0, size: 0 };
    data.forEach((value, i) => {
      sums.difference += (value - other[i]!) ** 2;
      sums.moved += (other[i]! - start[i]!) ** 2;
      sums.size += value ** 2;
    });
    kinds.set(kindOf(name), sums);
  }
  for (const [kind, { difference, moved, size }] of kinds) {
    const bound = 1e-2 * Math.sqrt(moved) + 2e-7 * Math.sqrt(size);
    expect(Math.sqrt(difference), kind).toBeLessThanOrEqual(bound);
  }
}

/** "sgd/momentum/encoder", "decoder", "running_mean". */
const kindOf = (name: string): string =>
  /running_\w+$/.exec(name)?.[0] ?? name.replace(/(encoder|decoder|regression|classification)\/.*$/, '$1');

/** Largest difference, relative to the largest number of each tensor. */
export function expectNear(ours: State, theirs: State, bound: number): void {
  expect(ours.tensors.map(({ name }) => name).sort()).toEqual(theirs.tensors.map(({ name }) => name).sort());
  for (const { name, data } of inMemory(ours).tensors) {
    // A bias that batch norm takes away again has a gradient of rounding errors, which Adam makes steps of.
    if (/decoder\/.*conv\/bias$/.test(name)) continue;
    const other = theirs.read(name);
    const scale = data.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
    const difference = data.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i]!)), 0);
    expect(difference / scale, name).toBeLessThan(bound);
  }
}

export const bitsOf = (step: Step) =>
  inMemory(step.state())
    .tensors.map(({ name, data }) => [name, createHash('sha256').update(data).digest('hex')])
    .sort();

export const batchOf = (images: number, seed = 1) =>
  learnableBatch(stream(seed, 'recorded step'), { images, size: 32 });
