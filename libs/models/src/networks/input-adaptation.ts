import { type ModelRecipe } from '@chromatune/contracts';
import { type Initial } from './initial.js';
import { type LayerPlan } from './layer-plan.js';

export type InputAdaptation = ModelRecipe['inputAdaptation'];

/** Of torchvision's pretrained networks: what R, G and B within 0 … 1 are normalised with. */
export const imageNetMean = [0.485, 0.456, 0.406] as const;
export const imageNetDeviation = [0.229, 0.224, 0.225] as const;

/** Channels that the encoder's first convolution takes. */
export const inputChannels = (adaptation: InputAdaptation): 1 | 3 =>
  adaptation === 'replicate-normalised' ? 3 : 1;

/** What comes before it. */
export const inputLayers = (adaptation: InputAdaptation): LayerPlan[] =>
  adaptation === 'replicate-normalised' ? [{ kind: 'normalise input', name: 'encoder/input' }] : [];

/** Filters of a first convolution, (height, width, from, to) in row-major order. */
export interface InputFilters {
  data: Float32Array;
  shape: number[];
}

/**
 * The encoder's first filters made from those of an RGB network, (height, width, 3, to). `sum` answers as the RGB network
 * does to the lightness in all three channels, `mean` a third as strongly, both as (height, width, 1, to);
 * `replicate-normalised` takes the filters as they are. With `new`, filters are not made from others.
 */
export function adaptInputFilters(
  { data, shape }: InputFilters,
  adaptation: Exclude<InputAdaptation, 'new'>,
): InputFilters {
  const [height, width, from, to] = shape;
  if (from !== 3 || data.length !== height! * width! * 3 * to!) {
    throw new RangeError(`Filters of an RGB network are [height, width, 3, to], not [${shape}].`);
  }
  if (adaptation === 'replicate-normalised') return { data, shape };
  const adapted = new Float32Array(data.length / 3);
  const divisor = adaptation === 'mean' ? 3 : 1;
  for (let index = 0; index < adapted.length; index++) {
    const red = 3 * (index - (index % to!)) + (index % to!);
    adapted[index] = (data[red]! + data[red + to!]! + data[red + 2 * to!]!) / divisor;
  }
  return { data: adapted, shape: [height!, width!, 1, to!] };
}

/** Initial filters for lightness: what becomes of those that `initial` gives an RGB network. */
export function initialInputFilters(initial: Initial, adaptation: InputAdaptation, to: number): Initial {
  if (adaptation === 'new' || adaptation === 'replicate-normalised') return initial;
  return (values, random) => {
    const rgb = new Float32Array(3 * values.length);
    initial(rgb, random);
    const shape = [values.length / to, 1, 3, to]; // places of the filter in a column, which is as good
    values.set(adaptInputFilters({ data: rgb, shape }, adaptation).data);
  };
}
