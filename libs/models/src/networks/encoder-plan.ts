import { type ModelRecipe } from '@chromatune/contracts';
import { type LayerPlan } from './layer-plan.js';
import { isResNet, resnetStages } from './resnet.js';
import { vggStages } from './vgg.js';

/** Stages of an encoder as the papers number them; each halves the side, but ResNet's first and second do it in one. */
export const stageNames = ['conv1', 'conv2', 'conv3', 'conv4', 'conv5'] as const;
export type StageName = (typeof stageNames)[number];

export interface Stage {
  name: StageName;
  layers: LayerPlan[];
  /** Channels that it puts out. */
  channels: number;
  /** Keeps its parameters and moving statistics in training. */
  isFrozen: boolean;
}

export interface EncoderPlan {
  stages: Stage[];
  /** Channels of the last stage. */
  channels: number;
  /** How often the side has been halved. */
  halvings: number;
}

/** The encoder of a recipe up to its cut. Names are torchvision's, with slashes, behind `encoder/`. */
export function planEncoder(model: ModelRecipe): EncoderPlan {
  const all = isResNet(model.encoder) ? resnetStages(model.encoder, model) : vggStages(model);
  const cut = stageNames.indexOf(model.cut) + 1;
  const frozen = model.freezeThrough === 'none' ? 0 : stageNames.indexOf(model.freezeThrough) + 1;
  const stages = all
    .slice(0, cut)
    .map((stage, index): Stage => ({ ...stage, name: stageNames[index]!, isFrozen: index < frozen }));
  return { stages, channels: stages.at(-1)!.channels, halvings: cut };
}
