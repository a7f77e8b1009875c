import { availableParallelism } from 'node:os';
import path from 'node:path';
import { binCenters } from '@chromatune/models';
import { repository } from '@chromatune/test-support';
import type { StepJob } from './step-job.js';
import { Stepper } from './stepper.js';

export type StepRecipe = StepJob['recipe'];

/** Somebody who trains a network, in a process of its own. */
export interface Contestant {
  name: string;
  /** Resolves to the reason when it cannot take part. */
  start(recipe: StepRecipe): Promise<Stepper | { unavailable: string }>;
}

type Device = 'cpu' | 'cuda';

const threads = availableParallelism();

/** This project, in one of the ways that it can train; as runs do, unless it is said. */
export const ours = (
  name: string,
  { step = 'engine', engine = 'native', deterministic = true, compile = engine === 'cuda' }: OurWay = {},
): Contestant => ({
  name,
  start(recipe) {
    const ownThreads = engine === 'portable' ? 1 : threads;
    return Stepper.start({ recipe, engine, step, deterministic, compile, threads: ownThreads });
  },
});

type OurWay = Partial<Pick<StepJob, 'step' | 'engine' | 'deterministic' | 'compile'>>;

/** PyTorch in the memory layout that is faster for the recipe; it is tried for a moment. On a GPU it may use TF32, as TensorFlow does. */
export const pytorch = (python: string, device: Device = 'cpu'): Contestant => ({
  name: 'PyTorch',
  async start(recipe) {
    const rates = new Map<boolean, number>();
    for (const channelsLast of [true, false]) {
      const stepper = await startPython(python, 'torch', recipe, { device, channelsLast });
      if (!(stepper instanceof Stepper)) return stepper;
      const { images, seconds } = await stepper.turn(1);
      rates.set(channelsLast, images / seconds);
      stepper.stop();
    }
    const channelsLast = rates.get(true)! > rates.get(false)!;
    return startPython(python, 'torch', recipe, { device, channelsLast });
  },
});

/** Keras on TensorFlow, in graph mode. */
export const keras = (python: string): Contestant => ({
  name: 'Keras',
  start: (recipe) => startPython(python, 'keras', recipe, { device: 'cpu' }),
});

async function startPython(
  python: string,
  library: 'torch' | 'keras',
  recipe: StepRecipe,
  settings: { device: Device; channelsLast?: boolean },
): Promise<Stepper | { unavailable: string }> {
  const reason = whyNot(recipe);
  if (reason) return { unavailable: reason };
  const script = path.join(repository, `test/bench/python/take_steps_${library}.py`);
  return Stepper.startProgram(python, [script, JSON.stringify({ ...pythonJob(recipe), ...settings })]);
}

/** The scripts know the networks of the report, not all that a recipe can say. */
function whyNot({ model, loss }: StepRecipe): string | null {
  if (model.width !== 1) return 'torchvision has no narrower networks';
  return loss.type === 'combined' ? 'its script has one head' : null;
}

/** What python/take_steps_*.py take. */
function pythonJob({ model, loss, optimizer, batchSize }: StepRecipe) {
  const { encoder, cut, imageSize } = model;
  const { learningRate } = optimizer;
  return {
    ...{ encoder, cut, imageSize, batchSize, learningRate, threads, loss: loss.type },
    ...(loss.type === 'regression' ? { outputActivation: loss.outputActivation } : {}),
    ...(loss.type === 'classification'
      ? {
          bins: binCenters(loss.binGridSize, loss.binSet).a.length,
          headKernel: loss.headKernel,
          headResolution: loss.headResolution,
        }
      : {}),
  };
}
