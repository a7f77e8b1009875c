import { type DescribedRecipe, describeNetwork } from './networks/describe-network.js';

/**
 * What a training process takes on TensorFlow's CPU build, as a sum whose shares were fitted to `npm run bench -- memory`:
 * TensorFlow keeps what a ReLU puts out beside what came in, and copies a weight that is still being read.
 */
const share = {
  /** Node, TensorFlow's library and what it allocates for itself, bytes. */
  process: 445e6,
  /** Graphs, their executors and the allocator's reserve, bytes. */
  graph: 60e6,
  /** Copies of the weights beside gradients and the optimizer's: the initial values, the graph's own, half a copy in use. */
  weights: 2.5,
  /** Of the activations that `describeNetwork` counts. */
  activations: 1.35,
};

export interface MemoryForecast {
  /** Images computed at once. */
  images: number;
  /** The most that the process will take, bytes. */
  bytes: number;
  /** What of it does not depend on the number of images. */
  fixedBytes: number;
}

export interface ForecastOptions {
  /** Images computed at once; left out, the whole batch. */
  images?: number;
  /** What activations really took, as a multiple of the static estimate, where it was measured. */
  correction?: number;
}

/** Forecasts the memory of a training process from the network's shapes alone, without allocating anything. */
export function forecastMemory(
  recipe: DescribedRecipe,
  { images = recipe.batchSize, correction = 1 }: ForecastOptions = {},
): MemoryForecast {
  const { memory, activationBytes } = describeNetwork(recipe, { batch: images });
  const sums = images < recipe.batchSize ? memory.gradients : 0; // what micro-batches add up
  const weights = share.weights * memory.weights + memory.gradients + memory.optimizer + sums;
  const fixedBytes = share.process + share.graph + weights;
  return {
    images,
    fixedBytes,
    bytes: fixedBytes + images * activationBytes * share.activations * correction,
  };
}

/** The share of the static estimate that activations took in a step of `images` images whose process had this peak. */
export function correctionOf(recipe: DescribedRecipe, images: number, peakBytes: number): number {
  const { bytes, fixedBytes } = forecastMemory(recipe, { images });
  return Math.max(smallestCorrection, (peakBytes - fixedBytes) / (bytes - fixedBytes));
}

/** Below it, the fixed part was estimated too large, and says nothing of activations. */
const smallestCorrection = 0.25;

export interface MicroBatchChoice extends MemoryForecast {
  /** Pieces that a whole batch is computed in. */
  pieces: number;
  /** What the whole batch at once would take, bytes. */
  atOnceBytes: number;
  /** False when even one image at a time is forecast to be too much. */
  fits: boolean;
}

/** The largest micro-batch whose forecast stays within `limitBytes`, in pieces as equal as they can be; at least 1. */
export function chooseMicroBatch(
  recipe: DescribedRecipe,
  limitBytes: number,
  correction = 1,
): MicroBatchChoice {
  const at = (images: number) => forecastMemory(recipe, { images, correction });
  const whole = at(recipe.batchSize);
  if (whole.bytes <= limitBytes) return { ...whole, pieces: 1, atOnceBytes: whole.bytes, fits: true };
  const one = at(1);
  const perImage = one.bytes - one.fixedBytes;
  const most = Math.max(1, Math.floor((limitBytes - one.fixedBytes) / perImage));
  const pieces = Math.ceil(recipe.batchSize / most);
  const chosen = at(Math.ceil(recipe.batchSize / pieces));
  return { ...chosen, pieces, atOnceBytes: whole.bytes, fits: chosen.bytes <= limitBytes };
}
