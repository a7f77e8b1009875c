import { buildNetwork, createEagerStep, makeLoss, type Batch, type StateTensor } from '@chromatune/models';
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

export interface ShortTraining {
  losses: number[];
  tensorsAfterSteps: number[];
  state: StateTensor[];
}

/** Trains a narrow ResNet-18 on four images of 32 x 32 whose colour follows from their lightness. */
export async function trainShortly({
  loss: type,
  steps,
}: {
  loss: 'regression' | 'classification';
  steps: number;
}) {
  const tiny = recipe(type);
  const network = buildNetwork(tiny, 1);
  const loss = makeLoss(tiny);
  const step = createEagerStep(
    network,
    loss,
    { ...plainTraining, ...tiny, epochs: 1 },
    { stepsPerEpoch: steps },
  );
  const result: ShortTraining = { losses: [], tensorsAfterSteps: [], state: [] };
  const batch = learnableBatch(4, 32);
  for (let i = 0; i < steps; i++) {
    result.losses.push((await step.run(batch)).loss);
    result.tensorsAfterSteps.push(tf.memory().numTensors);
  }
  result.state = step.state();
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

/** Blocks of 8 x 8 pixels: bright ones are blue, dark ones orange. */
function learnableBatch(images: number, size: number): Batch {
  const random = stream(1, 'short training');
  const l = new Uint8Array(images * size * size);
  const ab = new Uint8Array(images * size * size * 2);
  for (let row = 0; row < images * size; row += 8) {
    for (let column = 0; column < size; column += 8) {
      const bright = random.integer(2) === 1;
      for (let i = 0; i < 64; i++) {
        const pixel = (row + (i >> 3)) * size + column + (i & 7);
        l[pixel] = (bright ? 190 : 50) + random.integer(20);
        ab.set(bright ? [120, 88] : [158, 168], 2 * pixel);
      }
    }
  }
  return { l, ab, images, size };
}
