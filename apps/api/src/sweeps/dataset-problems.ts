import {
  type DatasetVersion,
  type DomainError,
  parameterSchemas,
  type ParameterDomain,
  type ProblemField,
  type SweepSpec,
} from '@chromatune/contracts';
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
