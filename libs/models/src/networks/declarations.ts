import { stream } from '@chromatune/random';
import * as tf from '@tensorflow/tfjs';
import { type LayerPlan, sizeOf, tensorsOf } from './layer-plan.js';

export { sizeOf } from './layer-plan.js';

export interface NamedVariable {
  name: string;
  variable: tf.Variable;
}

/** The variables of a network or of a part of it, in the order in which its layers run. */
export interface Declarations {
  parameters: NamedVariable[];
  /** Moving mean and variance of each batch norm. */
  statistics: NamedVariable[];
}

/** Variables for all that `layers` declare, with initial values that follow from `seed` and each one's name alone. */
export function declare(layers: readonly LayerPlan[], seed: number): Declarations {
  const declarations: Declarations = { parameters: [], statistics: [] };
  for (const { name, shape, initial, role } of tensorsOf(layers)) {
    const values = new Float32Array(sizeOf(shape));
    initial(values, stream(seed, `weights/${name}`));
    const isParameter = role === 'parameter';
    const variable = tf.tidy(() => tf.variable(tf.tensor(values, shape), isParameter));
    declarations[isParameter ? 'parameters' : 'statistics'].push({ name, variable });
  }
  return declarations;
}
