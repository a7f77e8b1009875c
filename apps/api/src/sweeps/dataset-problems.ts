import {
  type DatasetVersion,
  type DomainError,
  parameterSchemas,
  type ProblemField,
  type Recipe,
  type SweepSpec,
} from '@chromatune/contracts';
import { stepsPerEpoch } from '@chromatune/data';
import { leavesOnePixel } from '@chromatune/search';
import type { PlannedRun } from './planned-runs.js';
import { placeOf } from './spec-place.js';

/** A sweep as it was written, and the dataset that it is to be trained on. */
export interface SweepOnDataset {
  spec: SweepSpec;
  yaml: string;
  version: DatasetVersion;
}

/** Images cannot be made larger than they were imported. */
export function findSizeProblem(
  runs: PlannedRun[],
  { spec, yaml, version }: SweepOnDataset,
): ProblemField | null {
  const size = Math.max(...runs.map(({ recipe }) => recipe.model.imageSize));
  if (size <= version.imageSize) return null;
  const largest = largestSizeWithin(version.imageSize);
  const message =
    `imageSize ${size} is larger than the ${version.imageSize} pixels of dataset ${version.name}. ` +
    (largest === null ? 'Import' : `Use at most ${largest}, or import`) +
    ` the data again with --size ${size}.`;
  const isFixed = spec.space.imageSize === undefined || spec.model['imageSize'] === size;
  const path = [isFixed ? 'model' : 'space', 'imageSize'];
  return { path: path.join('.'), message, ...placeOf(yaml, path) };
}

function largestSizeWithin(pixels: number): number | null {
  for (let size = pixels; size > 0; size--)
    if (parameterSchemas.imageSize.safeParse(size).success) return size;
  return null;
}

/** A run that is over before its learning rate has risen. */
export function findWarmupProblem(
  runs: PlannedRun[],
  { spec, yaml, version }: SweepOnDataset,
): ProblemField | null {
  const tooLong = runs.find(({ recipe }) => recipe.warmupSteps > stepsOf(recipe, version))?.recipe;
  if (!tooLong) return null;
  const { warmupSteps, batchSize } = tooLong;
  const message =
    `With batchSize ${batchSize} a run has ${stepsOf(tooLong, version)} steps on dataset ${version.name}, ` +
    `so it would end during its ${warmupSteps} warmupSteps and never reach its learning rate. ` +
    'Use fewer warmupSteps, or more budget.epochs.';
  const path = ['warmupSteps' in spec.space ? 'space' : 'training', 'warmupSteps'];
  return { path: path.join('.'), message, ...placeOf(yaml, path) };
}

/** A run whose epochs end with a batch that batch norm gets one value of. */
export function findLastBatchProblem(
  runs: PlannedRun[],
  { spec, yaml, version }: SweepOnDataset,
): ProblemField | null {
  const { train } = version.images;
  const single = runs.find(({ recipe }) => leavesOnePixel(recipe, train % recipe.batchSize))?.recipe;
  if (!single) return null;
  const { batchSize, microBatch } = single;
  const sizes = `batchSize ${batchSize}${microBatch > 0 ? ` and microBatch ${microBatch}` : ''}`;
  const message =
    `With ${sizes}, an epoch over the ${train} training images of dataset ${version.name} ends with ` +
    'a single image. Of 32 × 32, conv5 leaves one pixel, and batch norm over one pixel of one image leaves nothing. ' +
    'Use other sizes, larger images, an earlier cut, or batchNorm: frozen.';
  const path = ['cut' in spec.space ? 'space' : 'model', 'cut'];
  return { path: path.join('.'), message, ...placeOf(yaml, path) };
}

const stepsOf = ({ epochs, batchSize }: Pick<Recipe, 'epochs' | 'batchSize'>, version: DatasetVersion) =>
  epochs * stepsPerEpoch(version, batchSize);

/** The problem of a spec whose dataset cannot be found, from the error that says why. */
export function datasetProblem({ message, remedy }: DomainError, yaml: string): ProblemField {
  return {
    path: 'dataset',
    message: remedy ? `${message} ${remedy}` : message,
    ...placeOf(yaml, ['dataset']),
  };
}
