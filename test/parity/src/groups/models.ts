import { plainClassification, plainModel, plainRegression, type Recipe } from '@chromatune/contracts';
import {
  type BatchTensors,
  buildNetwork,
  evaluateTensors,
  lossAndGradients,
  makeLoss,
  movedStatistic,
  type Network,
} from '@chromatune/models';
import * as tf from '@tensorflow/tfjs';
import { compareNumbers, compareTensors, type Comparison, type Item, worseOf } from '../comparison.js';
import { float32Bound } from '../engine.js';
import { fillNetwork } from '../fill-network.js';
import { type ModelCase, readFixtures } from '../fixtures.js';
import { hashIntegers } from '../hash-fill.js';
import { tidily } from '../tidily.js';
import { imagesInTorchOrder, torchName, weightInTorchOrder } from '../torch-order.js';

/** The report's networks with their losses, as the training step and the validation compute them. */
export const modelItems = (): Item[] =>
  readFixtures('models').flatMap((one) =>
    (['eval', 'train'] as const).map((mode) => ({
      item: `${describe(one)}: ${mode === 'eval' ? 'validation' : 'training step'}`,
      source: 'PyTorch, torchvision',
      bound: float32Bound,
      tested: mode === 'train' ? ('on native' as const) : ('not' as const),
      compute: async () => compareModel(one, mode),
    })),
  );

function compareModel(one: ModelCase, mode: 'eval' | 'train'): Comparison {
  return tidily(() => {
    const recipe = recipeOf(one);
    const network = buildNetwork(recipe, 0);
    fillNetwork(network);
    const loss = makeLoss(recipe);
    const batch = hashBatch(one);
    const { tensors, value } =
      mode === 'train'
        ? trainingResults(network, lossAndGradients(network, loss, batch))
        : { tensors: new Map(), value: evaluateTensors(network, loss, batch).loss.dataSync()[0]! };
    const prediction = network.forward(lightnessOf(batch), mode === 'train');
    tensors.set('prediction', imagesInTorchOrder((prediction.ab ?? prediction.logits)!));
    network.dispose();
    loss.dispose();

    const reference = one[mode];
    const ofLoss = compareNumbers(value, reference.loss, 'loss');
    return worseOf(ofLoss, compareTensors(reference.tensors, tensors));
  });
}

type Results = ReturnType<typeof lossAndGradients>;

/** Gradients and new moving statistics under the names of the fixtures. */
function trainingResults(network: Network, { loss, gradients, statistics }: Results) {
  const tensors = new Map<string, Float32Array>();
  network.trainable.forEach(({ name }, index) =>
    tensors.set(`gradient/${torchName(name)}`, weightInTorchOrder(gradients[index]!)),
  );
  network.movingStatistics.forEach(({ name, variable }, index) =>
    tensors.set(`after/${torchName(name)}`, weightInTorchOrder(movedStatistic(variable, statistics[index]!))),
  );
  tf.dispose(statistics); // kept beyond the tidy, for the step
  return { tensors, value: loss.dataSync()[0]! };
}

/** 8-bit images: L and ab are hashes of `l` and `ab` modulo 256. */
function hashBatch({ batch, side }: ModelCase): BatchTensors {
  const image = (name: string, channels: number) =>
    tf.transpose(
      tf.tensor4d(
        hashIntegers(name, batch * channels * side ** 2, 256),
        [batch, channels, side, side],
        'int32',
      ),
      [0, 2, 3, 1],
    );
  return { l: image('l', 1), ab: image('ab', 2) };
}

const lightnessOf = ({ l }: BatchTensors): tf.Tensor4D => tf.sub(tf.div(tf.cast(l, 'float32'), 255), 0.5);

function recipeOf({ encoder, stage, upsampling, loss, side }: ModelCase): Pick<Recipe, 'model' | 'loss'> {
  return {
    model: { ...plainModel, encoder, cut: stage, upsampling, imageSize: side },
    loss: loss.type === 'regression' ? { ...plainRegression, ...loss } : { ...plainClassification, ...loss },
  };
}

function describe({ encoder, loss, upsampling, side }: ModelCase): string {
  const head =
    loss.type === 'regression'
      ? `regression, ${loss.outputActivation}`
      : `classification, k=${loss.headKernel}, ${loss.headResolution}, ${loss.binSet}${loss.reluBeforeSoftmax ? ', ReLU' : ''}`;
  return `${encoder} ${head}, ${upsampling}, ${side}²`;
}
