import { plainModel, plainRegression, type Recipe } from '@chromatune/contracts';
import { inMemory } from '@chromatune/models';
import { describe, expect, it } from 'vitest';
import { loadEngine } from '../engine.js';
import { coarse } from './every-loss.js';
import { distance, startTraining, takeSteps } from './short-training.js';

const onlyPortable = process.env.CHROMATUNE_ENGINE === 'portable';
const model = { ...plainModel, encoder: 'resnet18', width: 0.125, imageSize: 32 } as const;

/**
 * The engines add up in other orders, so each number may differ in its last digits. As long as no ReLU or maximum decides
 * differently for it, losses stay as near as those of the first steps. Once one has, the difference grows as that of any
 * small change would, and only what is learned stays alike. Deep features of 2 x 2 pixels get there soonest.
 *
 * `early` bounds the relative difference of each of the first 20 losses, `late` of all 50, `weights` the norm of the
 * difference of all weights over the norm of all weights.
 */
interface Bounds {
  early: number;
  late: number;
  weights: number;
}
const trainings: [name: string, change: Partial<Recipe>, bounds: Bounds][] = [
  // measured with SSE 4.1, AVX2 and AVX-512, the largest: 5.6e-6, 5.6e-6, 1.2e-4
  [
    'regression to conv2',
    { loss: plainRegression, model: { ...model, cut: 'conv2' } },
    { early: 5e-5, late: 5e-5, weights: 1e-3 },
  ],
  // 3.8e-6, 8.0e-3, 0.032
  [
    'regression to conv4',
    { loss: plainRegression, model: { ...model, cut: 'conv4' } },
    { early: 5e-5, late: 0.05, weights: 0.15 },
  ],
  // 3.7e-7, 7.5e-3, 0.008
  [
    'classification to conv3',
    { loss: coarse, model: { ...model, cut: 'conv3' } },
    { early: 5e-5, late: 0.05, weights: 0.05 },
  ],
];

describe.skipIf(onlyPortable)('50 steps on the native and on the portable engine', () => {
  it.each(trainings)('differ within bounds: %s', async (_title, change, bounds) => {
    const native = await trainOn('native', change);
    const portable = await trainOn('portable', change);

    const differences = native.losses.map((loss, i) => Math.abs(loss / portable.losses[i]! - 1));
    expect(Math.max(...differences.slice(0, 20))).toBeLessThan(bounds.early);
    expect(Math.max(...differences)).toBeLessThan(bounds.late);
    expect(distance(native.state, portable.state)).toBeLessThan(bounds.weights);
  });
});

async function trainOn(name: 'native' | 'portable', change: Partial<Recipe>) {
  const step = startTraining(await loadEngine(name, { threads: 1 }), change);
  const losses = await takeSteps(step, { count: 50 });
  const state = inMemory(step.state());
  step.dispose();
  return { losses, state };
}
