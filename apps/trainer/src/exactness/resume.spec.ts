import { plainAdam, plainModel, plainRegression, type Recipe } from '@chromatune/contracts';
import { inMemory } from '@chromatune/models';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Engine, loadEngine } from '../engine.js';
import { coarse, rebalanced, soft } from './every-loss.js';
import { digestOf, startTraining, takeSteps } from './short-training.js';

// Each loss, optimizer and way to train at least once: what it keeps from step to step must all be in its state. The order
// and the augmentation of the data are in train-run.spec.ts, which pauses whole runs.
const trainings: [name: string, change: Partial<Recipe>][] = [
  ['squared error by Adam', {}],
  [
    'Huber by AdamW, along a cosine after a warm-up',
    {
      loss: { ...plainRegression, outputActivation: 'tanh', penalty: { type: 'huber', delta: 10 } },
      optimizer: { ...plainAdam, type: 'adamw', weightDecay: 0.1 },
      schedule: { type: 'cosine', floor: 0.1 },
      warmupSteps: 3,
    },
  ],
  [
    'rebalanced soft labels by SGD with momentum, falling every epoch',
    {
      loss: { ...coarse, encoding: soft, rebalancing: rebalanced('paper') },
      optimizer: { type: 'sgd', learningRate: 0.01, momentum: 0.9, nesterov: true, weightDecay: 1e-3 },
      schedule: { type: 'step', every: 1, factor: 0.5 },
    },
  ],
  [
    'weighted gradients, clipped, with a moving average',
    { loss: { ...coarse, rebalancing: rebalanced('released-code') }, gradientClip: 0.5, averageDecay: 0.9 },
  ],
  [
    'both heads in micro-batches, with a slower encoder',
    {
      loss: {
        type: 'combined',
        regression: plainRegression,
        classification: coarse,
        regressionWeight: 10,
        decodeFrom: 'regression',
      },
      microBatch: 1,
      encoderLearningRateFactor: 0.1,
      averageDecay: 0.5,
    },
  ],
  [
    'frozen stages and statistics, learnt upsampling',
    {
      model: {
        ...plainModel,
        encoder: 'resnet18',
        cut: 'conv2',
        width: 0.125,
        imageSize: 32,
        freezeThrough: 'conv1',
        batchNorm: 'frozen',
        upsampling: 'transposed',
      },
    },
  ],
];
const steps = 5;

describe.each(['native', 'portable'] as const)('on the %s engine', (name) => {
  const isLeftOut = name === 'native' && process.env.CHROMATUNE_ENGINE === 'portable';
  let engine: Engine;
  beforeAll(async () => {
    if (!isLeftOut) engine = await loadEngine(name, { threads: 1 });
  });

  it.skipIf(isLeftOut).each(trainings)(
    'goes on bit for bit from the state after any step: %s',
    async (_title, change) => {
      const whole = startTraining(engine, change);
      const states = [inMemory(whole.state())];
      const losses: number[] = [];
      for (let i = 0; i < steps; i++) {
        losses.push(...(await takeSteps(whole, { from: i, count: 1 })));
        states.push(inMemory(whole.state()));
      }

      const resumed = startTraining(engine, change, 99);
      for (let done = 0; done < steps; done++) {
        resumed.restore(states[done]!);
        expect(await takeSteps(resumed, { from: done, count: steps - done })).toEqual(losses.slice(done));
        expect(digestOf(resumed.state())).toBe(digestOf(states.at(-1)!));
      }
      expect(new Set(states.map(digestOf)).size).toBe(states.length); // each step changes something
      whole.dispose();
      resumed.dispose();
    },
  );
});
