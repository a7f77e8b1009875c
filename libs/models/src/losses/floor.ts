import { type ClassificationRecipe } from '@chromatune/contracts';
import { type Bins, makeBins } from '../color/bins.js';
import { labelTable, type LabelTable } from '../color/labels.js';
import { leastDoubleSoftmax } from './double-softmax.js';
import { colorImportance } from './importance.js';
import { type LossOfImages } from './loss.js';

interface Tables {
  imageSize: number;
  bins: Bins;
  table: LabelTable;
  importance: Float64Array | null;
}

/**
 * What the loss of the training split cannot go below, whatever the network, in the loss's own units: the mean entropy of
 * soft labels, or what a double softmax leaves of certain predictions. Null where `abCounts` would be needed and is not given.
 */
export function classificationFloor(
  recipe: ClassificationRecipe,
  { abCounts, ...tables }: Tables & { abCounts?: Float64Array | undefined },
): number | null {
  const least = leastLoss(recipe, tables.bins.count);
  const weights = printedWeights(recipe, tables.importance);
  const isSameForAll = recipe.encoding.type === 'hard' && !weights;
  const ofPixel = isSameForAll
    ? least([1])
    : abCounts && meanOverColors(abCounts, (color) => (weights?.[color] ?? 1) * least(labelOf(color)));
  return ofPixel === undefined ? null : ofPixel * pixelsAdded(recipe, tables.imageSize);

  function labelOf(color: number): Float32Array {
    const { perColor, weights } = tables.table;
    return weights.subarray(color * perColor, (color + 1) * perColor);
  }
}

/**
 * Loss of the best prediction that is the same everywhere, which is the marginal distribution of the labels: a network whose
 * loss is not below it has learned nothing. Of a combined loss the part of the classification; null for a regression.
 * @param abCounts how often each 8-bit colour occurs in the training split, at index a8 * 256 + b8
 * @param measured the same of the pixels that the loss is to be of
 */
export function marginalLoss(
  { loss, model }: LossOfImages,
  abCounts: Float64Array,
  measured: Float64Array = abCounts,
): number | null {
  if (loss.type === 'regression') return null;
  const recipe = loss.type === 'combined' ? loss.classification : loss;
  const bins = makeBins(recipe.binGridSize, recipe.binSet);
  const { perColor, ...table } = labelTable(bins, recipe.encoding);
  const importance = colorImportance(recipe.rebalancing, { bins, table: { perColor, ...table }, abCounts });
  const weights = printedWeights(recipe, importance);

  const marginal = new Float64Array(bins.count);
  const meanWeight = meanOverColors(measured, (color) => weights?.[color] ?? 1);
  measured.forEach((occurrences, color) => {
    const weight = occurrences * (weights?.[color] ?? 1);
    for (let at = color * perColor; at < (color + 1) * perColor; at++) {
      marginal[table.bins[at]!]! += weight * table.weights[at]!;
    }
  });
  const sum = marginal.reduce((total, share) => total + share, 0);
  const least = leastLoss(recipe, bins.count)(marginal.map((share) => share / sum));
  return meanWeight * least * pixelsAdded(recipe, model.imageSize);
}

/** Least cross entropy with a label, or with a mean of labels, that any prediction has. Weights of 0 may be left out. */
function leastLoss(recipe: ClassificationRecipe, bins: number): (weights: ArrayLike<number>) => number {
  return recipe.doubleSoftmax ? (weights) => leastDoubleSoftmax(weights, bins) : entropy;
}

/** Weights of colours that show in the loss's value: those of the released code are in its gradient alone. */
const printedWeights = (recipe: ClassificationRecipe, importance: Float64Array | null) =>
  recipe.rebalancing.type === 'paper' ? importance : null;

function meanOverColors(abCounts: Float64Array, valueOf: (color: number) => number): number {
  let sum = 0;
  let total = 0;
  abCounts.forEach((occurrences, color) => {
    if (occurrences === 0) return;
    sum += occurrences * valueOf(color);
    total += occurrences;
  });
  return sum / total;
}

/** By how much the loss of an image exceeds that of its mean pixel. */
function pixelsAdded({ reduction, headResolution }: ClassificationRecipe, imageSize: number): number {
  if (reduction === 'mean') return 1;
  return (headResolution === 'quarter' ? imageSize / 4 : imageSize) ** 2;
}

function entropy(weights: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < weights.length; k++) if (weights[k]! > 0) sum -= weights[k]! * Math.log(weights[k]!);
  return sum;
}
