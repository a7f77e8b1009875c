import { type Recipe } from '@chromatune/contracts';

export type OptimizerRecipe = Recipe['optimizer'];

/** Names of the numbers that an optimizer keeps for each weight, all zero at first. */
export const optimizerSlots: Record<OptimizerRecipe['type'], readonly string[]> = {
  adam: ['m', 'v'],
  adamw: ['m', 'v'],
  sgd: ['momentum'],
};
