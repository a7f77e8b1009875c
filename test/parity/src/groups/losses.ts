import { plainClassification, plainRegression } from '@chromatune/contracts';
import { encodeBins, type Loss, makeBins, makeLoss } from '@chromatune/models';
import * as tf from '@tensorflow/tfjs';
import { compareNumbers, compareTensors, type Comparison, type Item, worseOf } from '../comparison.js';
import { float32Bound } from '../engine.js';
import { type LossCase, readFixtures } from '../fixtures.js';
import { hashIntegers, hashValues, product } from '../hash-fill.js';
import { tidily } from '../tidily.js';
import { imagesFromTorch, imagesInTorchOrder } from '../torch-order.js';

const [images, side] = [2, 8];

/** Losses with their gradients and bounds, accuracies, and decoded colours, on given predictions and 8-bit truth. */
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
    const loss = makeLoss({ loss: recipeOf(one), model: { imageSize: side } }, { abCounts: countColors(1) });
    const comparison = compareWith(loss, one);
    loss.dispose();
    return comparison;
  });
}

function compareWith(loss: Loss, one: LossCase): Comparison {
  if ('decoded' in one) return compareDecoded(one, loss);
  if ('measures' in one) return compareMeasures(one, loss);
  return [compareValueAndGradient(one, loss), ...compareBounds(one, loss)].reduce(worseOf);
}

function compareDecoded({ bins, recipe, decoded }: Extract<LossCase, { decoded: unknown }>, loss: Loss) {
  const small = side / strideOf(recipe);
  const logits = hashPrediction([images, bins, small, small]);
  const ab = loss.decode({ logits });
  return compareTensors([decoded], new Map([['ab', () => imagesInTorchOrder(ab)]]));
}

function compareMeasures({ recipe, bins, measures }: Extract<LossCase, { measures: unknown }>, loss: Loss) {
  const stride = strideOf(recipe);
  const { binOf } = makeBins(recipe.binGridSize, recipe.binSet);
  const labels = tf.tensor1d(encodeBins(labelledColors(stride), { binOf }), 'int32');
  const shape = [images, bins, side / stride, side / stride] as [number, number, number, number];
  const prediction = hashPrediction(shape);
  const bonus = tf.mul(tf.oneHot(labels, bins), 3).reshape(prediction.shape);
  const found = loss.measures({ logits: tf.add(prediction, bonus) }, trueColors());
  return (['entropy', 'top1', 'top5'] as const)
    .map((name) => compareNumbers(found[name]!.dataSync()[0]!, measures[name], name))
    .reduce(worseOf);
}

function compareBounds({ recipe, floor, marginal }: ValueCase & Partial<Bounds>, loss: Loss): Comparison[] {
  if (floor === undefined || marginal === undefined || recipe.type === 'regression') return [];
  const counts = countColors(strideOf(recipe));
  const found = loss.bounds({ all: counts, ofColored: counts })!; // each picture here has a colour
  const ofMarginal = compareNumbers(found.marginal, marginal, 'marginal');
  return floor === 0 && found.floor === 0
    ? [ofMarginal]
    : [ofMarginal, compareNumbers(found.floor, floor, 'floor')];
}

type ValueCase = Extract<LossCase, { gradient: unknown }>;
type Bounds = Record<'floor' | 'marginal', number>;

const strideOf = ({ headResolution }: { headResolution: 'full' | 'quarter' }) =>
  headResolution === 'quarter' ? 4 : 1;

function compareValueAndGradient(one: ValueCase, loss: Loss): Comparison {
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

/** Of every nth pixel of every nth row: pairs of bytes. */
function labelledColors(stride: number): Uint8Array {
  const ab = hashIntegers('ab', images * 2 * side ** 2, 256); // in PyTorch's order
  const colors: number[] = [];
  for (let image = 0; image < images; image++) {
    for (let row = 0; row < side; row += stride) {
      for (let column = 0; column < side; column += stride) {
        for (const channel of [0, 1]) {
          colors.push(ab[((image * 2 + channel) * side + row) * side + column]!);
        }
      }
    }
  }
  return Uint8Array.from(colors);
}

/** How often each 8-bit colour occurs among them, at a * 256 + b. */
function countColors(stride: number): Float64Array {
  const counts = new Float64Array(256 * 256);
  const ab = labelledColors(stride);
  for (let at = 0; at < ab.length; at += 2) counts[ab[at]! * 256 + ab[at + 1]!]! += 1;
  return counts;
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
  if ('measures' in one) return `top-1, top-5 and entropy, ${binSet}, ${headResolution}`;
  if ('decoding' in recipe) return `decoding by ${recipe.decoding.type}, ${binSet}, ${headResolution}`;
  const encoding =
    recipe.encoding.type === 'hard'
      ? 'hard'
      : `soft (${recipe.encoding.neighbors} bins, σ ${recipe.encoding.sigma})`;
  const twice = doubleSoftmax ? ' of a double softmax' : '';
  const { type } = recipe.rebalancing;
  const weighted = type === 'none' ? '' : ` weighted as in the ${type}`;
  return `cross entropy${twice}${weighted}, ${encoding}, ${binSet}, ${headResolution}, ${reduction}`;
}
