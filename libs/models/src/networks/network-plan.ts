import { DomainError, type Recipe } from '@chromatune/contracts';
import { type EncoderPlan, planEncoder } from './encoder-plan.js';
import { type HeadPlan, planHeads } from './heads.js';
import { sizeOf, tensorsOf } from './layer-plan.js';

export type NetworkRecipe = Pick<Recipe, 'model' | 'loss'>;

/** A network as plain data. */
export interface NetworkPlan {
  encoder: EncoderPlan;
  heads: HeadPlan[];
}

/**
 * The network of a recipe: an encoder, and one or two heads on its output.
 * @throws DomainError when the encoder cannot halve the image's side as often as its cut needs
 */
export function planNetwork({ model, loss }: NetworkRecipe): NetworkPlan {
  const encoder = planEncoder(model);
  const factor = 2 ** encoder.halvings;
  if (model.imageSize % factor !== 0) {
    throw new DomainError(
      'image_size_not_divisible',
      422,
      `An encoder cut after ${model.cut} needs images whose side is a multiple of ${factor}, not ${model.imageSize}.`,
      { remedy: `Use imageSize ${Math.ceil(model.imageSize / factor) * factor}, or an earlier cut.` },
    );
  }
  return { encoder, heads: planHeads(encoder, loss, model) };
}

/** All layers of a network, in the order in which they run. */
export const layersOf = ({ encoder, heads }: NetworkPlan) =>
  [...encoder.stages, ...heads].flatMap(({ layers }) => layers);

/** Number of parameters, those of frozen stages included, without allocating any. */
export const countParameters = (recipe: NetworkRecipe): number =>
  tensorsOf(layersOf(planNetwork(recipe)))
    .filter(({ role }) => role === 'parameter')
    .reduce((sum, { shape }) => sum + sizeOf(shape), 0);
