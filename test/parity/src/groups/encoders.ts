import { plainModel } from '@chromatune/contracts';
import { adaptInputFilters, buildEncoder, type Encoder, movedStatistic } from '@chromatune/models';
import * as tf from '@tensorflow/tfjs';
import { compareTensors, type Comparison, type Item } from '../comparison.js';
import { float32Bound } from '../engine.js';
import { fillNetwork } from '../fill-network.js';
import { type EncoderCase, readFixtures } from '../fixtures.js';
import { hashValues, hashWeight, product } from '../hash-fill.js';
import { tidily } from '../tidily.js';
import {
  imagesFromTorch,
  imagesInTorchOrder,
  torchName,
  weightFromTorch,
  weightInTorchOrder,
} from '../torch-order.js';

/** torchvision's encoders, cut after each stage: features, gradients and new moving statistics. */
export const encoderItems = (): Item[] =>
  readFixtures('encoders').map((one) => ({
    item: describe(one),
    source: 'torchvision',
    bound: float32Bound,
    tested: isTested(one) ? 'on native' : 'not',
    compute: async () => compareEncoder(one),
  }));

/** The specs compute each encoder once through all stages, and each way to adapt the input. */
const isTested = ({ stage, mode, adaptation }: EncoderCase): boolean =>
  adaptation !== 'new' || (stage === 'conv5' && mode === 'train');

function compareEncoder(one: EncoderCase): Comparison {
  return tidily(() => {
    const { encoder: name, stage, batch, side } = one;
    const model = { ...plainModel, encoder: name, cut: stage, imageSize: side };
    const encoder = buildEncoder({ ...model, inputAdaptation: one.adaptation }, 0);
    fillEncoder(encoder, one);
    const shape: [number, number, number, number] = [batch, 1, side, side];
    const l = imagesFromTorch(hashValues('input', product(shape), { scale: 0.5 }), shape);
    const tensors =
      one.mode === 'train'
        ? trainingResults(encoder, l)
        : new Map([['features', () => imagesInTorchOrder(encoder.forward(l, false))]]);
    const comparison = compareTensors(one.tensors, tensors);
    encoder.dispose();
    return comparison;
  });
}

/** Of a ResNet and of a VGG. */
const firstFilters = ['encoder/conv1/weight', 'encoder/features/0/weight'];

/** Fills the encoder; one whose first filters were adapted gets them from the reference's RGB filters. */
function fillEncoder(encoder: Encoder, { adaptation }: EncoderCase): void {
  fillNetwork(encoder);
  if (adaptation !== 'sum' && adaptation !== 'mean') return;
  const first = encoder.variables.find(({ name }) => firstFilters.includes(name))!;
  const [height, width, , to] = first.variable.shape as [number, number, number, number];
  const rgb = hashWeight(torchName(first.name), [to, 3, height, width], false);
  const filters = weightFromTorch(rgb, [height, width, 3, to]);
  const adapted = adaptInputFilters(
    { data: filters.dataSync<'float32'>(), shape: [...filters.shape] },
    adaptation,
  );
  first.variable.assign(tf.tensor(adapted.data, adapted.shape));
}

/** The loss is the mean of features × u of `dy`, all in PyTorch's order. */
function trainingResults(encoder: Encoder, l: tf.Tensor4D): Map<string, () => Float32Array> {
  const tensors = new Map<string, () => Float32Array>();
  const moved: tf.Tensor[] = [];
  const variables = encoder.trainable.map(({ variable }) => variable);
  const { grads } = tf.variableGrads(() => {
    const features = encoder.forward(l, true, (mean, variance) =>
      moved.push(tf.keep(mean), tf.keep(variance)),
    );
    const values = imagesInTorchOrder(features);
    tensors.set('features', () => values);
    const [n, height, width, channels] = features.shape;
    const dy = imagesFromTorch(hashValues('dy', features.size), [n, channels, height, width]);
    return tf.mean(tf.mul(features, dy)) as tf.Scalar;
  }, variables);

  const statistics = moved.map((one) => tf.add(one, 0)); // freed with the rest
  tf.dispose(moved);
  for (const { name, variable } of encoder.trainable) {
    tensors.set(`gradient/${torchName(name)}`, () => weightInTorchOrder(grads[variable.name]!));
  }
  encoder.movingStatistics.forEach(({ name, variable }, index) =>
    tensors.set(`after/${torchName(name)}`, () =>
      weightInTorchOrder(movedStatistic(variable as tf.Tensor, statistics[index]!)),
    ),
  );
  return tensors;
}

function describe({ encoder, stage, mode, adaptation }: EncoderCase): string {
  const input = adaptation === 'new' ? '' : `, input adapted by ${adaptation}`;
  return `${encoder} to ${stage}${input}: ${mode === 'train' ? 'features and gradients' : 'features'}`;
}
