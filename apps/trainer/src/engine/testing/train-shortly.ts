import { buildNetwork, inMemory, makeLoss, type StateTensor } from '@chromatune/models';
import {
  plainAdam,
  plainClassification,
  plainModel,
  plainRegression,
  plainTraining,
  type Recipe,
} from '@chromatune/contracts';
import { stream } from '@chromatune/random';
import * as tf from '@tensorflow/tfjs';
import type { Engine } from '../../engine.js';
import { learnableBatch } from './learnable-batch.js';

export interface ShortTraining {
  losses: number[];
  tensorsAfterSteps: number[];
  state: StateTensor[];
}

/** Trains a narrow ResNet-18, by the engine's own steps, on four images of 32 x 32 whose colour follows from their lightness. */
export async function trainShortly(
  { createStep }: Engine,
  { loss: type, steps }: { loss: 'regression' | 'classification'; steps: number },
): Promise<ShortTraining> {
  const tiny = recipe(type);
  const network = buildNetwork(tiny, 1);
  const loss = makeLoss(tiny);
  const step = createStep(network, loss, { ...plainTraining, ...tiny, epochs: 1 }, { stepsPerEpoch: steps });
  const result: ShortTraining = { losses: [], tensorsAfterSteps: [], state: [] };
  const batch = learnableBatch(stream(1, 'short training'), { images: 4, size: 32 });
  for (let i = 0; i < steps; i++) {
    result.losses.push((await step.run(batch)).loss);
    result.tensorsAfterSteps.push(tf.memory().numTensors);
  }
  result.state = [...inMemory(step.state()).tensors];
  step.dispose();
  network.dispose();
  loss.dispose();
  return result;
}

function recipe(type: 'regression' | 'classification'): Pick<Recipe, 'model' | 'loss' | 'optimizer'> {
  return {
    model: {
      ...plainModel,
      encoder: 'resnet18',
      width: 0.25,
      imageSize: 32,
      cut: type === 'regression' ? 'conv4' : 'conv3',
    },
    optimizer: plainAdam,
    loss: type === 'regression' ? plainRegression : { ...plainClassification, binGridSize: 20 },
  };
}
