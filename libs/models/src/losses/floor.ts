import { type ClassificationRecipe } from '@chromatune/contracts';
import { type Bins, makeBins } from '../color/bins.js';
import { labelTable, type LabelTable } from '../color/labels.js';
import { bestForDoubleSoftmax, doubleSoftmaxLoss, leastDoubleSoftmax } from './double-softmax.js';
import { colorImportance } from './importance.js';

/** What a classification loss knows of each 8-bit colour. */
export interface ColorTables {
  recipe: ClassificationRecipe;
  bins: Bins;
  labels: LabelTable;
  /** How much a pixel of each colour counts; null without rebalancing. */
  importance: Float64Array | null;
}

/** @param abCounts of the training split, by which colours are rebalanced */
export function colorTables(recipe: ClassificationRecipe, abCounts?: Float64Array): ColorTables {
  const bins = makeBins(recipe.binGridSize, recipe.binSet);
  const labels = labelTable(bins, recipe.encoding);
  return {
    recipe,
    bins,
    labels,
    importance: colorImportance(recipe.rebalancing, { bins, labels, abCounts }),
  };
}

/** What is known of a loss on certain pixels before any network is trained, in its own units. */
export interface LossBounds {
  /**
   * What it cannot go below, whatever the network: the mean entropy of soft labels, or what a double softmax leaves of sure
   * predictions; 0 for others.
   */
  floor: number;
  /**
   * Loss of the prediction that is the same everywhere and that training aims at, which is the marginal distribution of the
   * labels, each weighed as in the gradient: a network whose loss is not below it has learned nothing. Another constant
   * has a lower loss only with the released code, whose loss leaves the gradient's weights out. Never infinite: where the
   * images with a gradient lack a bin that the others have, it is the marginal of all of them, weighed alike.
   */
  marginal: number;
}

/** How often each 8-bit colour occurs in the pixels that a loss is to be of, at index a8 * 256 + b8. */
export interface ColorCounts {
  all: Float64Array;
  /** In the images that have a colour (`hasColor`): in the released code the others have no gradient. */
  ofColored: Float64Array;
}

export function lossBounds(tables: ColorTables, imageSize: number, counts: ColorCounts): LossBounds {
  const added = pixelsAdded(tables.recipe, imageSize);
  return {
    floor: floorOfPixel(tables, counts.all)! * added,
    marginal: marginalOfPixel(tables, counts) * added,
  };
}

/** Floor of a pixel's loss, mean over the colours. Null where it depends on the colours and there are no counts. */
export function floorOfPixel(tables: ColorTables, counts?: Float64Array): number | null {
  const { recipe, bins, labels } = tables;
  const least = leastLoss(recipe, bins.count);
  if (recipe.encoding.type === 'hard' && !isPrinted(recipe)) return least([1]);
  if (!counts) return null;
  const { perColor, weights } = labels;
  const weightOf = printedWeight(tables);
  const labelOf = (color: number) => weights.subarray(color * perColor, (color + 1) * perColor);
  return meanOverColors(counts, (color) => weightOf(color) * least(labelOf(color)));
}

/** Loss of the mean of all labels, each weighed as in the gradient, predicted for every pixel; mean over the colours. */
function marginalOfPixel(tables: ColorTables, counts: ColorCounts): number {
  const { recipe, bins, importance } = tables;
  const printed = printedWeight(tables);
  const label = meanLabel(tables, counts.all, printed);
  const lossOf = (colors: Float64Array) => {
    const aimed = meanLabel(tables, colors, (color) => importance?.[color] ?? 1);
    return recipe.doubleSoftmax
      ? doubleSoftmaxLoss(label, bestForDoubleSoftmax(aimed, bins.count), aimed)
      : crossEntropyOf(label, aimed);
  };
  const ofTrained = lossOf(trainedColors(recipe, counts));
  // below an infinite loss is every network, also one that has learned nothing
  const loss = ofTrained === Infinity ? lossOf(counts.all) : ofTrained;
  return meanOverColors(counts.all, printed) * loss;
}

/** Those that have a gradient; where none has, there is nothing to aim at but all. */
function trainedColors({ rebalancing }: ClassificationRecipe, { all, ofColored }: ColorCounts): Float64Array {
  const leavesOut = rebalancing.type === 'released-code' && ofColored.some((count) => count > 0);
  return leavesOut ? ofColored : all;
}

/** Share of each bin in the labels of all colours together, each colour weighed. */
function meanLabel(
  { bins, labels }: ColorTables,
  counts: Float64Array,
  weightOf: (color: number) => number,
): Float64Array {
  const shares = new Float64Array(bins.count);
  counts.forEach((occurrences, color) => {
    const weight = occurrences * weightOf(color);
    for (let at = color * labels.perColor; at < (color + 1) * labels.perColor; at++) {
      shares[labels.bins[at]!]! += weight * labels.weights[at]!;
    }
  });
  const sum = shares.reduce((total, share) => total + share, 0);
  return shares.map((share) => share / sum);
}

/** By how much the loss of an image exceeds that of its mean pixel. */
export function pixelsAdded({ reduction, headResolution }: ClassificationRecipe, imageSize: number): number {
  if (reduction === 'mean') return 1;
  return (headResolution === 'quarter' ? imageSize / 4 : imageSize) ** 2;
}

/** Least cross entropy with a label, or with a mean of labels, that any prediction has. Weights of 0 may be left out. */
function leastLoss(recipe: ClassificationRecipe, bins: number): (weights: ArrayLike<number>) => number {
  return recipe.doubleSoftmax ? (weights) => leastDoubleSoftmax(weights, bins) : entropy;
}

/** Whether importance shows in the loss's value: that of the released code is in its gradient alone. */
const isPrinted = ({ rebalancing }: ClassificationRecipe) => rebalancing.type === 'paper';

function printedWeight({ recipe, importance }: ColorTables): (color: number) => number {
  return isPrinted(recipe) ? (color) => importance![color]! : () => 1;
}

function meanOverColors(counts: Float64Array, valueOf: (color: number) => number): number {
  let sum = 0;
  let total = 0;
  counts.forEach((occurrences, color) => {
    if (occurrences === 0) return;
    sum += occurrences * valueOf(color);
    total += occurrences;
  });
  return sum / total;
}

const entropy = (label: ArrayLike<number>) => crossEntropyOf(label, label);

/** -Σ label · log(predicted): Infinity when a bin of the label is held to be impossible. */
function crossEntropyOf(label: ArrayLike<number>, predicted: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < label.length; k++) if (label[k]! > 0) sum -= label[k]! * Math.log(predicted[k]!);
  return sum;
}
