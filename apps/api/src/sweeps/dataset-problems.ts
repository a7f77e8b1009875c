import {
  type DatasetVersion,
  type DomainError,
  parameterSchemas,
  type ParameterDomain,
  type ProblemField,
  type Recipe,
  type SweepSpec,
} from '@chromatune/contracts';
import { stepsPerEpoch } from '@chromatune/data';
import { leavesOnePixel, suggestAll, toRecipe } from '@chromatune/search';
import { placeOf } from './spec-place.js';

/** What is wrong with a spec in view of its dataset: images cannot be made larger than they were imported. */
export function findSizeProblem(spec: SweepSpec, version: DatasetVersion, yaml: string): ProblemField | null {
  const { path, size } = largestImageSize(spec);
  if (size <= version.imageSize) return null;
  const message =
    `imageSize ${size} is larger than the ${version.imageSize} pixels of dataset ${version.name}. ` +
    `Use at most ${version.imageSize}, or import the data again with --size ${size}.`;
  return { path: path.join('.'), message, ...placeOf(yaml, path) };
}

/** A run that is over before its learning rate has risen. The spec must have no problems of its own. */
export function findWarmupProblem(
  spec: SweepSpec,
  version: DatasetVersion,
  yaml: string,
): ProblemField | null {
  const section = 'warmupSteps' in spec.space ? 'space' : 'training';
  if (section === 'training' && !('warmupSteps' in spec.training)) return null;
  const tooLong = recipesOf(spec, version).find((recipe) => recipe.warmupSteps > stepsOf(recipe, version));
  if (!tooLong) return null;
  const { warmupSteps, batchSize } = tooLong;
  const message =
    `With batchSize ${batchSize} a run has ${stepsOf(tooLong, version)} steps on dataset ${version.name}, ` +
    `so it would end during its ${warmupSteps} warmupSteps and never reach its learning rate. ` +
    'Use fewer warmupSteps, or more budget.epochs.';
  const path = [section, 'warmupSteps'];
  return { path: path.join('.'), message, ...placeOf(yaml, path) };
}

/** A run whose epochs end with a batch that batch norm gets one value of. The spec must have no problems of its own. */
export function findLastBatchProblem(
  spec: SweepSpec,
  version: DatasetVersion,
  yaml: string,
): ProblemField | null {
  const section = 'cut' in spec.space ? 'space' : 'model';
  if (section === 'model' && spec.model['cut'] !== 'conv5') return null;
  const { train } = version.images;
  const single = recipesOf(spec, version).find((recipe) => leavesOnePixel(recipe, train % recipe.batchSize));
  if (!single) return null;
  const message =
    `With batchSize ${single.batchSize}, an epoch over the ${train} training images of dataset ${version.name} ends with ` +
    'a single image. Of 32 × 32, conv5 leaves one pixel, and batch norm over one pixel of one image leaves nothing. ' +
    'Use another batchSize, larger images, an earlier cut, or batchNorm: frozen.';
  const path = [section, 'cut'];
  return { path: path.join('.'), message, ...placeOf(yaml, path) };
}

const recipesOf = (spec: SweepSpec, { name, digest }: DatasetVersion) =>
  suggestAll(spec).map((values) => toRecipe(spec, values, { name, digest }));

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

function largestImageSize(spec: SweepSpec): { path: string[]; size: number } {
  const domain = spec.space.imageSize;
  if (domain !== undefined) return { path: ['space', 'imageSize'], size: largestOf(domain) };
  const fixed = parameterSchemas.imageSize.parse(spec.model['imageSize']);
  return { path: ['model', 'imageSize'], size: fixed };
}

function largestOf(domain: ParameterDomain): number {
  if (Array.isArray(domain)) return Math.max(...domain.map(Number));
  if (typeof domain !== 'object') return Number(domain);
  return 'values' in domain ? Math.max(...domain.values.map(Number)) : domain.max;
}
