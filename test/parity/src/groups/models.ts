import {
  type LossRecipe,
  plainClassification,
  plainModel,
  plainRegression,
  type Recipe,
} from '@chromatune/contracts';
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
      tested: isTested(one, mode) ? 'on native' : 'not',
      compute: async () => compareModel(one, mode),
    })),
  );

/** The specs take one training step of every head on the smaller encoders; each encoder has specs of its own. */
const isTested = ({ model }: ModelCase, mode: 'eval' | 'train'): boolean =>
  mode === 'train' && ['resnet18', 'resnet34'].includes(model.encoder);

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
    for (const [head, values] of predictionsOf(prediction, one)) tensors.set(head, values);

    const reference = one[mode];
    const ofTensors = compareTensors(reference.tensors, tensors);
    network.dispose();
    loss.dispose();
    return worseOf(compareNumbers(value, reference.loss, 'loss'), ofTensors);
  });
}

type Results = ReturnType<typeof lossAndGradients>;

/** Gradients and new moving statistics under the names of the fixtures. */
function trainingResults(network: Network, { loss, gradients, statistics }: Results) {
  const batchStatistics = statistics.map((one) => tf.add(one, 0)); // freed with the rest
  tf.dispose(statistics); // kept for a step
  const tensors = new Map<string, () => Float32Array>();
  network.trainable.forEach(({ name }, index) =>
    tensors.set(`gradient/${torchName(name)}`, () => weightInTorchOrder(gradients[index]!)),
  );
  network.movingStatistics.forEach(({ name, variable }, index) =>
    tensors.set(`after/${torchName(name)}`, () =>
      weightInTorchOrder(movedStatistic(variable as tf.Tensor, batchStatistics[index]!)),
    ),
  );
  return { tensors, value: loss.dataSync()[0]! };
}

/** Each head's output under the name of the head. */
function predictionsOf({ ab, logits }: ReturnType<Network['forward']>, { loss }: ModelCase) {
  const nameOf = (type: 'regression' | 'classification') => (loss.type === 'combined' ? type : 'decoder');
  const predictions: [string, () => Float32Array][] = [];
  if (ab) predictions.push([`prediction/${nameOf('regression')}`, () => imagesInTorchOrder(ab)]);
  if (logits) predictions.push([`prediction/${nameOf('classification')}`, () => imagesInTorchOrder(logits)]);
  return predictions;
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

function recipeOf({ model, loss, side }: ModelCase): Pick<Recipe, 'model' | 'loss'> {
  return { model: { ...plainModel, ...model, imageSize: side }, loss: lossOf(loss) };
}

function lossOf(loss: ModelCase['loss']): LossRecipe {
  switch (loss.type) {
    case 'regression':
      return { ...plainRegression, ...loss };
    case 'classification':
      return { ...plainClassification, ...loss };
    case 'combined':
      return {
        ...loss,
        decodeFrom: 'classification',
        regression: { ...plainRegression, ...loss.regression },
        classification: { ...plainClassification, ...loss.classification },
      };
  }
}

function describe({ model, loss, side }: ModelCase): string {
  const { encoder, cut, upsampling, batchNorm } = model;
  const frozen = batchNorm === 'frozen' ? ', frozen batch norm' : '';
  return `${encoder} to ${cut}, ${headOf(loss)}, ${upsampling}${frozen}, ${side}²`;
}

function headOf(loss: ModelCase['loss']): string {
  if (loss.type === 'regression') return `${loss.outputActivation} regression`;
  if (loss.type === 'combined') return 'combined heads';
  const { headKernel, headResolution, binSet, reluBeforeSoftmax } = loss;
  return `classification, k=${headKernel}, ${headResolution}, ${binSet}${reluBeforeSoftmax ? ', ReLU' : ''}`;
}
