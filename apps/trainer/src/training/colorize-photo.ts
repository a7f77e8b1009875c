import { classificationOf, type LossRecipe, type PictureFormat, type Recipe } from '@chromatune/contracts';
import { encodePicture, lightnessAt, networkSides, openPhoto, paintPicture } from '@chromatune/data';
import {
  buildNetwork,
  makeLoss,
  type Network,
  predictAb,
  restoreNetwork,
  sideMultiple,
  type State,
} from '@chromatune/models';

export interface PhotoWork {
  /** An encoded photograph, grey or coloured: its colours are not looked at. */
  photo: Uint8Array;
  /** Another temperature of the annealed mean than the recipe's, null for the recipe's own decoding. */
  temperature: number | null;
  format: PictureFormat;
}

/** A network as a checkpoint of its run left it. @throws DomainError when the checkpoint is of another network */
export function loadNetwork(recipe: Recipe, state: State): Network {
  const network = buildNetwork(recipe, recipe.seed);
  try {
    restoreNetwork(network, state);
    return network;
  } catch (error) {
    network.dispose();
    throw error;
  }
}

/**
 * Colours a photograph as a run has learned it: the network sees it about as large as its training images, and what it
 * predicts is enlarged and joined with the photograph's own lightness at full size.
 */
export async function colorizePhoto(
  network: Network,
  recipe: Recipe,
  { photo, temperature, format }: PhotoWork,
): Promise<Uint8Array> {
  const picture = await openPhoto(photo);
  const sides = networkSides(picture, recipe.model.imageSize, sideMultiple(recipe));
  const lightness = await lightnessAt(picture, sides);
  const loss = makeLoss({ ...recipe, loss: forDecoding(recipe.loss, temperature) });
  try {
    const ab = predictAb(network, loss, lightness, { images: 1, ...sides });
    return await encodePicture({ ...picture, rgb: paintPicture(picture, ab, sides) }, format);
  } finally {
    loss.dispose();
  }
}

/** A loss that only decodes: nothing is weighed, so no statistics of a training split are needed. */
export function forDecoding(loss: LossRecipe, temperature: number | null): LossRecipe {
  const classification = classificationOf(loss);
  if (!classification) return loss;
  const decoding =
    temperature === null ? classification.decoding : ({ type: 'annealed-mean', temperature } as const);
  const decoded = { ...classification, rebalancing: { type: 'none' } as const, decoding };
  return loss.type === 'combined' ? { ...loss, classification: decoded } : decoded;
}
