import { plainClassification, plainRegression } from '@chromatune/contracts';
import { type Loss, makeLoss } from '@chromatune/models';
import * as tf from '@tensorflow/tfjs';
import { compareNumbers, compareTensors, type Comparison, type Item, worseOf } from '../comparison.js';
import { float32Bound } from '../engine.js';
import { type LossCase, readFixtures } from '../fixtures.js';
import { hashIntegers, hashValues, product } from '../hash-fill.js';
import { tidily } from '../tidily.js';
import { imagesFromTorch, imagesInTorchOrder } from '../torch-order.js';

const [images, side] = [2, 8];

/** Losses with their gradients, and decoded colours, on given predictions and 8-bit truth. */
export const lossItems = (): Item[] =>
  readFixtures('losses').map((one) => ({
    item: describe(one),
    source: 'PyTorch, NumPy',
    tested: 'always' as const,
    bound: float32Bound,
    compute: async () => compareLoss(one),
  }));

function compareLoss(one: LossCase): Comparison {
  return tidily(() => {
    const loss = makeLoss({ loss: recipeOf(one), model: { imageSize: side } });
    const comparison = 'decoded' in one ? compareDecoded(one, loss) : compareValueAndGradient(one, loss);
    loss.dispose();
    return comparison;
  });
}

function compareDecoded({ bins, recipe, decoded }: Extract<LossCase, { decoded: unknown }>, loss: Loss) {
  const small = recipe.headResolution === 'quarter' ? side / 4 : side;
  const logits = hashPrediction([images, bins, small, small]);
  const ab = loss.decode({ logits });
  return compareTensors([decoded], new Map([['ab', () => imagesInTorchOrder(ab)]]));
}

function compareValueAndGradient(one: Exclude<LossCase, { decoded: unknown }>, loss: Loss): Comparison {
  const { gradient } = one;
  const head = one.recipe.type === 'regression' ? 'ab' : 'logits';
  const { value, grad } = tf.valueAndGrad((prediction) =>
    loss.value({ [head]: prediction as tf.Tensor4D }, trueColors()),
  )(hashPrediction(gradient.shape as [number, number, number, number]));

  const ofValue = compareNumbers(value.dataSync()[0]!, one.value, 'value');
  const slope = () => imagesInTorchOrder(grad as tf.Tensor4D);
  return worseOf(ofValue, compareTensors([gradient], new Map([[gradient.name, slope]])));
}

const hashPrediction = (shape: [number, number, number, number]): tf.Tensor4D =>
  imagesFromTorch(hashValues('prediction', product(shape), { scale: 3 }), shape);

function trueColors(): tf.Tensor4D {
  const ab = hashIntegers('ab', images * 2 * side ** 2, 256);
  return tf.transpose(tf.tensor4d(ab, [images, 2, side, side], 'int32'), [0, 2, 3, 1]);
}

const recipeOf = ({ recipe }: LossCase) =>
  recipe.type === 'regression' ? { ...plainRegression, ...recipe } : { ...plainClassification, ...recipe };

function describe(one: LossCase): string {
  const { recipe } = one;
  if (recipe.type === 'regression') {
    const { penalty, outputActivation, reduction } = recipe;
    return `${penalty.type} of ${outputActivation} output, ${reduction}`;
  }
  const { binSet, headResolution, doubleSoftmax, reduction } = recipe;
  if ('decoding' in recipe) return `decoding by ${recipe.decoding.type}, ${binSet}, ${headResolution}`;
  const encoding =
    recipe.encoding.type === 'hard'
      ? 'hard'
      : `soft (${recipe.encoding.neighbors} bins, σ ${recipe.encoding.sigma})`;
  const twice = doubleSoftmax ? ' of a double softmax' : '';
  return `cross entropy${twice}, ${encoding}, ${binSet}, ${headResolution}, ${reduction}`;
}
