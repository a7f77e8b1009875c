import { createHash } from 'node:crypto';
import { canonicalJson, type Environment, type Recipe } from '@chromatune/contracts';

/**
 * Digest of all that makes a run's numbers. A batch that is computed in pieces counts as if the recipe had named their size:
 * it changes the numbers, whoever chose it. Before the first attempt has chosen, the recipe stands as it is.
 */
export function recipeDigest(recipe: Recipe, environment: Environment, microBatch: number | null): string {
  const isInPieces = microBatch !== null && microBatch < recipe.batchSize;
  const whole = { ...recipe, ...(isInPieces && { microBatch }), environment };
  return createHash('sha256').update(canonicalJson(whole)).digest('hex');
}
