import { type ClassificationRecipe } from '@chromatune/contracts';
import { type Bins, makeBins } from '../color/bins.js';
import { labelTable, type LabelTable } from '../color/labels.js';
import { leastDoubleSoftmax } from './double-softmax.js';
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
   * Loss of the best prediction that is the same everywhere, which is the marginal distribution of the labels: a network
   * whose loss is not below it has learned nothing.
   */
  marginal: number;
}

/** @param counts how often each 8-bit colour occurs in the pixels that the loss is to be of, at index a8 * 256 + b8 */
export function lossBounds(tables: ColorTables, imageSize: number, counts: Float64Array): LossBounds {
  const added = pixelsAdded(tables.recipe, imageSize);
  return { floor: floorOfPixel(tables, counts)! * added, marginal: marginalOfPixel(tables, counts) * added };
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

/** Loss of the mean of all labels, predicted for every pixel; mean over the colours. */
function marginalOfPixel(tables: ColorTables, counts: Float64Array): number {
  const { recipe, bins, labels } = tables;
  const weightOf = printedWeight(tables);
  const marginal = new Float64Array(bins.count);
  counts.forEach((occurrences, color) => {
    const weight = occurrences * weightOf(color);
    for (let at = color * labels.perColor; at < (color + 1) * labels.perColor; at++) {
      marginal[labels.bins[at]!]! += weight * labels.weights[at]!;
    }
  });
  const sum = marginal.reduce((total, share) => total + share, 0);
  const least = leastLoss(recipe, bins.count)(marginal.map((share) => share / sum));
  return meanOverColors(counts, weightOf) * least;
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

function entropy(weights: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < weights.length; k++) if (weights[k]! > 0) sum -= weights[k]! * Math.log(weights[k]!);
  return sum;
}
