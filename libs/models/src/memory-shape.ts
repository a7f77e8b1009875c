import { canonicalJson, type Environment } from '@chromatune/contracts';
import type { DescribedRecipe } from './networks/describe-network.js';

/** Changed with the forecast, so that a correction of another forecast is not taken for one of this. */
const forecastVersion = 3;

/** What the memory of a training process depends on, beside the number of images: a correction is known under it. */
export function memoryShape(
  { model, loss, optimizer, averageDecay }: DescribedRecipe,
  { engineVersion, device }: Pick<Environment, 'engineVersion' | 'device'>,
): string {
  const { weights: _weights, ...network } = model;
  return canonicalJson({
    network,
    loss,
    optimizer: optimizer.type,
    averages: averageDecay > 0,
    engineVersion,
    device,
    forecastVersion,
  });
}
