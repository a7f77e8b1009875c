import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { crossEntropy } from './cross-entropy.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const rows = [
  { logits: [0.5, -1, 2, 0.25], bins: [2, 0], weights: [0.75, 0.25] },
  { logits: [3, 3, 3, 3], bins: [1, 3], weights: [0.5, 0.5] },
  { logits: [-40, 90, 0, 12], bins: [0, 3], weights: [1, 0] },
];

describe('the cross entropy', () => {
  test('of soft labels is -Σ weight · log softmax', () => {
    const found = entropies(tensors().logits).dataSync();

    rows.forEach((row, index) => {
      const expected = row.bins.reduce(
        (sum, bin, k) => sum - row.weights[k]! * Math.log(softmaxOf(row)[bin]!),
        0,
      );
      expect(Math.abs(found[index]! / expected - 1)).toBeLessThan(1e-6);
    });
  });

  test('has the slope softmax less label, times what comes from behind', () => {
    const behind = [1, -2, 0.5];
    const slope = tf.grad(entropies)(tensors().logits, tf.tensor1d(behind)).arraySync() as number[][];

    rows.forEach((row, index) => {
      const label = [0, 0, 0, 0];
      row.bins.forEach((bin, k) => (label[bin] = row.weights[k]!));
      softmaxOf(row).forEach((probability, bin) => {
        expect(slope[index]![bin]).toBeCloseTo(behind[index]! * (probability - label[bin]!), 6);
      });
    });
  });

  test('of a sure and right prediction is 0, and of a sure and wrong one the difference of the logits', () => {
    const logits = tf.tensor2d([1e4, 0, 1e4, 0], [2, 2]);
    const labels = { bins: tf.tensor2d([0, 1], [2, 1], 'int32'), weights: tf.ones([2, 1]) as tf.Tensor2D };

    expect([...crossEntropy(logits, labels).dataSync()]).toEqual([0, 1e4]);
  });
});

function tensors() {
  return {
    logits: tf.tensor2d(rows.map(({ logits }) => logits)),
    labels: {
      bins: tf.tensor2d(
        rows.map(({ bins }) => bins),
        [3, 2],
        'int32',
      ),
      weights: tf.tensor2d(rows.map(({ weights }) => weights)),
    },
  };
}

const entropies = (logits: tf.Tensor) => crossEntropy(logits as tf.Tensor2D, tensors().labels);

function softmaxOf({ logits }: { logits: number[] }): number[] {
  const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
  return logits.map((logit) => Math.exp(logit) / sum);
}
