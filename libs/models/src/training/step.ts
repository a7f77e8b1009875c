import { type Recipe } from '@chromatune/contracts';
import { type LossMeasure } from '../losses/loss.js';
import { type State } from './state.js';

/** Images in OpenCV's 8-bit Lab convention, as they lie in a dataset's shards: L (n, size, size), ab (n, size, size, 2). */
export interface Batch {
  l: Uint8Array;
  ab: Uint8Array;
  images: number;
  size: number;
}

/** What a network makes of a batch whose colours are known, with the moving statistics. */
export interface Evaluation {
  /** The training loss, averaged over the images. */
  loss: number;
  /** Predicted ab of every pixel in ab units, [n, size, size, 2]. */
  ab: Float32Array;
  /** What else the loss knows, averaged over the images. */
  measures: Partial<Record<EvaluationMeasure, number>>;
}

/** Of a classification head; and the terms of a combined loss. */
export type EvaluationMeasure = LossMeasure | 'lossClassification' | 'lossRegression';

export interface StepResult {
  /** Of the batch before the update. */
  loss: number;
  /**
   * Norm of the whole gradient before clipping. Not finite when any weight has become so, even where the loss does not show
   * it: TensorFlow's fused batch norm and ReLU turns NaN into 0.
   */
  gradientNorm: number;
}

/** One network in training: what a training loop needs of it, however the step is computed. */
export interface Step {
  /**
   * One optimizer step. Numbers that are not finite are returned like any other, and the caller decides. The last batch of
   * an epoch may be smaller than the others.
   *
   * @param next the batch of the following step, if it is known: its way to the device may then overlap this step
   */
  run(batch: Batch, next?: Batch): Promise<StepResult>;
  /** With the averaged weights, where the recipe averages. Changes nothing. */
  evaluate(batch: Batch): Promise<Evaluation>;
  /** Of the last step, or of the first one before it. */
  learningRate(): number;
  /** Weights, moving statistics, the optimizer's slots, the average and the step count: all that going on bit for bit needs. */
  state(): State;
  /** @throws Error that names the tensor, when `state` is not of this network and optimizer */
  restore(state: State): void;
  dispose(): void;
}

/** What of a recipe says how weights change. `microBatch` 0 computes each batch at once. */
export type TrainingRecipe = Pick<
  Recipe,
  | 'optimizer'
  | 'encoderLearningRateFactor'
  | 'schedule'
  | 'warmupSteps'
  | 'gradientClip'
  | 'averageDecay'
  | 'microBatch'
  | 'epochs'
>;

export interface StepOptions {
  /** For schedules that count epochs. */
  stepsPerEpoch: number;
  /** Batches that will come, so that a step that prepares for them may do so at once. Others may come all the same. */
  expected?: { train: BatchShape[]; evaluate: BatchShape[] };
  /** Told what whoever trains should know of how the step is computed. */
  warn?: (message: string) => void;
}

export type BatchShape = Pick<Batch, 'images' | 'size'>;

/** Sizes of the pieces that a batch is computed in: as many as possible of `microBatch` images, the rest in the last. */
export function microBatches(images: number, microBatch: number): number[] {
  if (microBatch === 0 || microBatch >= images) return [images];
  const whole = new Array<number>(Math.floor(images / microBatch)).fill(microBatch);
  const rest = images % microBatch;
  return rest === 0 ? whole : [...whole, rest];
}

/** Consecutive images of a batch. */
export interface Piece {
  batch: Batch;
  /** Images of the whole batch before it. */
  from: number;
  /** Of the whole batch's images. */
  share: number;
}

/** A batch in the pieces that it is computed in, which see its memory; a batch that is computed at once is its only piece. */
export function piecesOf(batch: Batch, microBatch: number): Piece[] {
  const counts = microBatches(batch.images, microBatch);
  let from = 0;
  return counts.map((images) => {
    const piece = { batch: slice(batch, from, images), from, share: images / batch.images };
    from += images;
    return piece;
  });
}

function slice({ l, ab, size }: Batch, from: number, images: number): Batch {
  const pixels = size ** 2;
  const [begin, end] = [from * pixels, (from + images) * pixels];
  return { l: l.subarray(begin, end), ab: ab.subarray(begin * 2, end * 2), images, size };
}
