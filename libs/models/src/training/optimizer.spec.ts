import { plainAdam } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { type OptimizerRecipe, optimizerSlots, updateWeights } from './optimizer.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const adam = { ...plainAdam, learningRate: 0.01, beta2: 0.99 };
const sgd = { type: 'sgd', learningRate: 0.01, momentum: 0.9, nesterov: false, weightDecay: 0 } as const;

test.each<[string, OptimizerRecipe]>([
  ['Adam', adam],
  ['Adam with a large epsilon', { ...adam, epsilon: 0.1 }],
  ['Adam with weight decay', { ...adam, weightDecay: 0.1 }],
  ['AdamW', { ...adam, type: 'adamw', weightDecay: 0.1 }],
  ['SGD', { ...sgd, momentum: 0 }],
  ['SGD with momentum and weight decay', { ...sgd, weightDecay: 0.1 }],
  ['SGD with Nesterov momentum', { ...sgd, nesterov: true, weightDecay: 0.1 }],
])('twenty steps of %s are those of PyTorch’s formulas in double precision', (_name, recipe) => {
  const expected = {
    w: [1, -2, 0.5],
    slots: [
      [0, 0, 0],
      [0, 0, 0],
    ] as [number[], number[]],
  };
  let actual = {
    weights: tf.tensor1d(expected.w),
    slots: optimizerSlots[recipe.type].map(() => tf.zeros<tf.Rank.R1>([3])),
  };

  for (let step = 1; step <= 20; step++) {
    const gradient = [Math.sin(step), 1e-3 * Math.cos(step), 10 / step];
    const options = { step, learningRate: recipe.learningRate };
    actual = updateWeights(recipe, actual, tf.tensor1d(gradient), options);
    if (recipe.type === 'sgd') torchSgd(expected, gradient, recipe);
    else torchAdam(expected, gradient, step, recipe);
  }

  actual.weights.dataSync().forEach((value, index) => {
    expect(Math.abs(value / expected.w[index]! - 1)).toBeLessThan(1e-6);
  });
});

test('each weight may have a learning rate of its own', () => {
  const state = { weights: tf.tensor1d([1, 1]), slots: [tf.zeros<tf.Rank.R1>([2])] };
  const learningRate = tf.tensor1d([0.5, 0]);

  const { weights } = updateWeights(sgd, state, tf.tensor1d([1, 1]), { step: 1, learningRate });
  expect([...weights.dataSync()]).toEqual([0.5, 1]);
});

interface Expected {
  w: number[];
  slots: [number[], number[]];
}

/** As torch/optim/adam.py and adamw.py (single tensor) write it. */
function torchAdam(
  { w, slots: [m, v] }: Expected,
  gradient: number[],
  step: number,
  { type, learningRate, beta1, beta2, epsilon, weightDecay }: Extract<OptimizerRecipe, { beta1: number }>,
): void {
  gradient.forEach((slope, i) => {
    const g = type === 'adam' ? slope + weightDecay * w[i]! : slope;
    if (type === 'adamw') w[i]! *= 1 - learningRate * weightDecay;
    m[i]! += (g - m[i]!) * (1 - beta1);
    v[i] = v[i]! * beta2 + g * g * (1 - beta2);
    const denominator = Math.sqrt(v[i]!) / Math.sqrt(1 - beta2 ** step) + epsilon;
    w[i]! -= ((learningRate / (1 - beta1 ** step)) * m[i]!) / denominator;
  });
}

/** As torch/optim/sgd.py, without dampening. */
function torchSgd(
  { w, slots: [buffer] }: Expected,
  gradient: number[],
  { learningRate, momentum, nesterov, weightDecay }: Extract<OptimizerRecipe, { momentum: number }>,
): void {
  gradient.forEach((slope, i) => {
    const g = slope + weightDecay * w[i]!;
    buffer[i] = momentum * buffer[i]! + g;
    w[i]! -= learningRate * (nesterov ? g + momentum * buffer[i]! : buffer[i]!);
  });
}
