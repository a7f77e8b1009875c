import { plainAdam, plainModel, type Recipe } from '@chromatune/contracts';
import { inMemory, type Step } from '@chromatune/models';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Engine, loadEngine } from '../engine.js';
import { coarse } from './every-loss.js';
import { distance, startTraining, takeSteps } from './short-training.js';

// A batch that is computed piece by piece is the same batch: where batch norm does not look at the pieces, only the order of
// additions differs.
const onlyPortable = process.env.CHROMATUNE_ENGINE === 'portable';
const frozen = {
  ...plainModel,
  encoder: 'resnet18',
  cut: 'conv2',
  width: 0.125,
  imageSize: 32,
  batchNorm: 'frozen',
} as const;
const sgd = { type: 'sgd', learningRate: 0.02, momentum: 0.9, nesterov: false, weightDecay: 1e-4 } as const;

const oneByOne = { images: 2, microBatch: 1 };

/** Of each loss, relative where it is above 1; and of the weights, relative to their norm. */
const bound = 1e-6;

describe.each(onlyPortable ? (['portable'] as const) : (['native', 'portable'] as const))(
  '100 steps without batch norm on the %s engine',
  (name) => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await loadEngine(name, { threads: 1 });
    });

    it.each<[string, Partial<Recipe>, pieces?: { images: number; microBatch: number }]>([
      ['regression by SGD', { optimizer: sgd }],
      ['regression by Adam', { optimizer: { ...plainAdam, learningRate: 1e-3 } }],
      ['classification by SGD, clipped', { loss: coarse, optimizer: sgd, gradientClip: 0.5 }],
      ['regression by SGD, in 3 + 3 + 2', { optimizer: sgd }, { images: 8, microBatch: 3 }],
    ])('are the same in micro-batches: %s', async (_title, change, { images, microBatch } = oneByOne) => {
      const [whole, pieces] = [0, microBatch].map((atOnce) =>
        startTraining(engine, { ...change, model: frozen, microBatch: atOnce }),
      ) as [Step, Step];

      const initial = inMemory(whole.state());
      const losses = await takeSteps(whole, { count: 100, images });
      const inPieces = await takeSteps(pieces, { count: 100, images });
      const differences = inPieces.map((loss, i) => Math.abs(loss - losses[i]!) / Math.max(1, loss));

      expect(distance(whole.state(), initial)).toBeGreaterThan(1e-3); // far more than they may differ
      expect(Math.max(...differences)).toBeLessThan(bound);
      expect(distance(pieces.state(), whole.state())).toBeLessThan(bound);
      whole.dispose();
      pieces.dispose();
    });
  },
);
