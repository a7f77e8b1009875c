import type { DatasetVersion, ProblemField, Recipe, SweepSpec, Weights } from '@chromatune/contracts';
import { suggestAll, toRecipe } from '@chromatune/search';
import { importRemedy } from '../weights/weights.errors.js';
import { placeOf } from './spec-place.js';

/** Digests of imported weights that runs of a sweep name. The spec must have no problems of its own. */
export function weightsOfRuns(spec: SweepSpec, version: DatasetVersion): Map<string, Recipe['model'][]> {
  const named = new Map<string, Recipe['model'][]>();
  if (spec.space.weights === undefined && (spec.model['weights'] ?? 'none') === 'none') return named;
  const { name, digest } = version;
  for (const values of suggestAll(spec)) {
    const { model } = toRecipe(spec, values, { name, digest });
    if (model.weights !== 'none') named.set(model.weights, [...(named.get(model.weights) ?? []), model]);
  }
  return named;
}

/** What is wrong with the weights that runs name: unknown, of another encoder, or for a network of another width. */
export function findWeightsProblems(
  named: Map<string, Recipe['model'][]>,
  known: Weights[],
  { spec, yaml }: { spec: SweepSpec; yaml: string },
): ProblemField[] {
  const path = [spec.space.weights === undefined ? 'model' : 'space', 'weights'];
  return [...named].flatMap(([digest, models]) => {
    const message = problemOf(
      digest,
      known.find((one) => one.digest === digest),
      models,
    );
    return message === null ? [] : [{ path: path.join('.'), message, ...placeOf(yaml, path) }];
  });
}

function problemOf(digest: string, weights: Weights | undefined, models: Recipe['model'][]): string | null {
  if (!weights) return `There are no weights ${digest.slice(0, 12)}. ${importRemedy}`;
  const called = `The weights ${digest.slice(0, 12)} (${weights.name})`;
  const other = models.find(({ encoder }) => encoder !== weights.network);
  if (other) {
    return (
      `${called} are of ${weights.network}, and a run has the encoder ${other.encoder}. Where encoders vary, say ` +
      `under space which weights belong to which: weights: { values: [${digest.slice(0, 4)}…], when: { encoder: ${weights.network} } }`
    );
  }
  const width = models.find((model) => model.width !== 1)?.width;
  if (width === undefined) return null;
  return `${called} are for width 1, and a run has ${width}. Use width 1, or weights: none.`;
}
