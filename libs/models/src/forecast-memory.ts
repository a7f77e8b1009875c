import { classificationOf, type DatasetManifest } from '@chromatune/contracts';
import {
  bytesOfFloat,
  type DescribedRecipe,
  describeNetwork,
  type NetworkDescription,
} from './networks/describe-network.js';

/**
 * What a training process takes on TensorFlow's CPU build, as a sum whose shares were fitted to `npm run bench -- memory`,
 * its probes, its whole batches and its batches in pieces.
 */
const share = {
  /** Node, TensorFlow's library and what it allocates for itself, graphs and the allocator's reserve, bytes. */
  process: 510e6,
  /** Of the weights, beside gradients and the optimizer's: the graph's own, and half a copy in use. */
  weights: 1.5,
  /** The same of those that are frozen. */
  frozenWeights: 2.5,
  /** Of the activations that `describeNetwork` counts: TensorFlow keeps what a ReLU puts out beside what came in. */
  activations: 1.22,
  /** The same with a classification head, whose probabilities and their gradient come beside its logits. */
  activationsOfClassification: 1.57,
  /** Of what the largest frozen layer takes and gives, which all images that are computed at once pass through first. */
  frozen: 1.5,
  /** The same where batch norm lies between a convolution and its ReLU: one more of that size. */
  frozenWithBatchNorm: 2.1,
  /** Of a pixel, beside activations, what a loss on colours has for itself: noticed where activations are few, bytes. */
  pixel: 80,
  /** Of each further bin of a colour's label, in the table of all colours' and while it is made, bytes. */
  label: 100,
  /** What a second graph takes, by which the sums of micro-batches become an update, bytes. */
  pieces: 45e6,
  /** Of the gradients, where micro-batches are added up: the sums, and what lies about while they become an update. */
  sums: 2,
  /** Of the bytes of a batch's pictures: the batch, and the next one. */
  pictures: 2,
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
  /** What such a process really took, as a multiple of the static forecast, where it was measured. */
  correction?: number;
}

/** The recipe as its steps see it: a dataset with fewer images than a batch never fills one. */
export const withFilledBatch = <Batch extends Pick<DescribedRecipe, 'batchSize'>>(
  recipe: Batch,
  { train }: DatasetManifest['images'],
): Batch => ({ ...recipe, batchSize: Math.min(recipe.batchSize, train) });

/** Forecasts the memory of a training process from the network's shapes alone, without allocating anything. */
export function forecastMemory(
  recipe: DescribedRecipe,
  { images = recipe.batchSize, correction = 1 }: ForecastOptions = {},
): MemoryForecast {
  return forecaster(recipe, correction)(images);
}

/** Forecasts for any number of images at once, of a network that is described only once. */
function forecaster(recipe: DescribedRecipe, correction: number): (images: number) => MemoryForecast {
  const network = describeNetwork(recipe);
  const { memory } = network;
  const frozen = bytesOfFloat * (network.parameters - network.trainableParameters);
  const weights =
    share.weights * (memory.weights - frozen) +
    share.frozenWeights * frozen +
    memory.gradients +
    memory.optimizer;
  const imageBytes = bytesOfImage(recipe, network) * correction;
  const pictures = share.pictures * recipe.batchSize * pixelsOf(recipe) * bytesPerPixel;
  const labels = share.label * colorsOfBytes * (neighborsOf(recipe) - 1);
  return (images) => {
    const adding = images < recipe.batchSize ? share.pieces + share.sums * memory.gradients : 0;
    const fixedBytes = (share.process + weights + adding + pictures + labels) * correction;
    return { images, fixedBytes, bytes: fixedBytes + images * imageBytes };
  };
}

/** The frozen stages are through before the others begin, and what a loss has for itself is small beside most networks. */
function bytesOfImage(recipe: DescribedRecipe, { activationBytes, frozenBytes }: NetworkDescription): number {
  const ofFrozen = recipe.model.encoder === 'vgg16' ? share.frozen : share.frozenWithBatchNorm;
  const ofActivations = classificationOf(recipe.loss) ? share.activationsOfClassification : share.activations;
  return Math.max(
    ofActivations * activationBytes,
    activationBytes + share.pixel * pixelsOf(recipe),
    ofFrozen * frozenBytes,
  );
}

const pixelsOf = ({ model }: DescribedRecipe): number => model.imageSize ** 2;
/** L, a and b. */
const bytesPerPixel = 3;

/** All that a byte of a and one of b can say. */
const colorsOfBytes = 256 ** 2;

/** Bins of a colour's label. */
function neighborsOf({ loss }: DescribedRecipe): number {
  const encoding = classificationOf(loss)?.encoding;
  return encoding?.type === 'soft' ? encoding.neighbors : 1;
}

/** What a process with this peak, after steps of `images` images, took as a multiple of its static forecast. */
export function correctionOf(recipe: DescribedRecipe, images: number, peakBytes: number): number {
  return peakBytes / forecastMemory(recipe, { images }).bytes;
}

export interface MicroBatchChoice extends MemoryForecast {
  /** Pieces that a whole batch is computed in. */
  pieces: number;
  /** What the whole batch at once would take, bytes. */
  atOnceBytes: number;
  /** False when even one image at a time is forecast to be too much. */
  fits: boolean;
}

/**
 * The fewest pieces of a batch whose forecast stays within `limitBytes`, no larger than that many need be, so at least 1. All
 * are of one size, which a recipe can name, but the last, which takes what is left: 13 images in 4 pieces are 4, 4, 4 and 1.
 */
export function chooseMicroBatch(
  recipe: DescribedRecipe,
  limitBytes: number,
  correction = 1,
): MicroBatchChoice {
  const at = forecaster(recipe, correction);
  const whole = at(recipe.batchSize);
  if (whole.bytes <= limitBytes) return { ...whole, pieces: 1, atOnceBytes: whole.bytes, fits: true };
  const one = at(1);
  const perImage = one.bytes - one.fixedBytes;
  const most = Math.max(1, Math.floor((limitBytes - one.fixedBytes) / perImage));
  const pieces = Math.ceil(recipe.batchSize / most);
  const chosen = at(Math.ceil(recipe.batchSize / pieces));
  return { ...chosen, pieces, atOnceBytes: whole.bytes, fits: chosen.bytes <= limitBytes };
}
