import type { DatasetVersion, ParameterValues, Recipe, SweepSpec } from '@chromatune/contracts';
import { suggestAll, toRecipe } from '@chromatune/search';

/** A run that a sweep would make. */
export interface PlannedRun {
  /** What varies in the sweep. */
  values: ParameterValues;
  recipe: Recipe;
}

/** All runs of a sweep, made once for everything that looks at them. The spec must have no problems of its own. */
export const plannedRuns = (
  spec: SweepSpec,
  { name, digest }: Pick<DatasetVersion, 'name' | 'digest'>,
): PlannedRun[] =>
  suggestAll(spec).map((values) => ({ values, recipe: toRecipe(spec, values, { name, digest }) }));
