import { canonicalJson, type Environment } from '@chromatune/contracts';
import type { DescribedRecipe } from './networks/describe-network.js';

/** Changed with the forecast and with what is measured, so that a correction of another forecast is not taken for one of this. */
const forecastVersion = 5;

/** What the memory of a training process depends on, beside the numbers of images and the device. */
export function memoryFactors({ model, loss, optimizer, averageDecay }: DescribedRecipe) {
  const { weights: _weights, ...network } = model;
  return { network, loss, optimizer: optimizer.type, averages: averageDecay > 0 };
}

/** All that it depends on beside the number of images: a correction is known under it. */
export const memoryShape = (
  recipe: DescribedRecipe,
  { engineVersion, device }: Pick<Environment, 'engineVersion' | 'device'>,
): string => canonicalJson({ ...memoryFactors(recipe), engineVersion, device, forecastVersion });
