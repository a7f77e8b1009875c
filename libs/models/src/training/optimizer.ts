import * as tf from '@tensorflow/tfjs';
import { type OptimizerRecipe } from './optimizer-slots.js';

export { type OptimizerRecipe, optimizerSlots } from './optimizer-slots.js';

/** Weights of one learning rate as one vector, with their slots in the order of `optimizerSlots`. */
export interface OptimizerState {
  weights: tf.Tensor1D;
  slots: tf.Tensor1D[];
}

/**
 * One update with PyTorch's semantics (`torch.optim.Adam`, `AdamW`, `SGD`). Call it in a tidy; it disposes nothing.
 * @param step counted from 1
 * @param learningRate of each weight, or of all
 */
export function updateWeights(
  recipe: OptimizerRecipe,
  state: OptimizerState,
  gradient: tf.Tensor1D,
  { step, learningRate }: { step: number; learningRate: tf.Tensor1D | number },
): OptimizerState {
  if (recipe.type === 'sgd') return sgd(recipe, state, gradient, learningRate);
  const decay = recipe.weightDecay;
  if (recipe.type === 'adam')
    return adam(recipe, state, decayed(gradient, state.weights, decay), step, learningRate);
  const weights = decay === 0 ? state.weights : shrunk(state.weights, learningRate, decay);
  return adam(recipe, { ...state, weights }, gradient, step, learningRate);
}

type AdamRecipe = Extract<OptimizerRecipe, { beta1: number }>;
type SgdRecipe = Extract<OptimizerRecipe, { momentum: number }>;

/** What Adam's formulas need of the step's number: the bias corrections, multiplied out to save an operation a weight. */
export function adamCorrections({ beta1, beta2, epsilon }: AdamRecipe, step: number) {
  const rootOfCorrection = Math.sqrt(1 - beta2 ** step);
  return { rate: rootOfCorrection / (1 - beta1 ** step), epsilon: epsilon * rootOfCorrection };
}

/** Moments corrected for their bias, epsilon added after the root. */
function adam(
  recipe: AdamRecipe,
  { weights, slots }: OptimizerState,
  gradient: tf.Tensor1D,
  step: number,
  learningRate: tf.Tensor1D | number,
): OptimizerState {
  const { rate, epsilon } = adamCorrections(recipe, step);
  const [m, v] = slots as [tf.Tensor1D, tf.Tensor1D];
  const nextM: tf.Tensor1D = tf.add(m, tf.mul(tf.sub(gradient, m), 1 - recipe.beta1));
  const nextV: tf.Tensor1D = tf.add(v, tf.mul(tf.sub(tf.square(gradient), v), 1 - recipe.beta2));
  const change = tf.div(nextM, tf.add(tf.sqrt(nextV), epsilon));
  const size = typeof learningRate === 'number' ? learningRate * rate : tf.mul(learningRate, rate);
  return { weights: tf.sub(weights, tf.mul(change, size)), slots: [nextM, nextV] };
}

function sgd(
  { momentum, nesterov, weightDecay }: SgdRecipe,
  { weights, slots }: OptimizerState,
  gradient: tf.Tensor1D,
  learningRate: tf.Tensor1D | number,
): OptimizerState {
  const slope = decayed(gradient, weights, weightDecay);
  const next: tf.Tensor1D = tf.add(tf.mul(slots[0]!, momentum), slope);
  const change = nesterov ? tf.add(slope, tf.mul(next, momentum)) : next;
  return { weights: tf.sub(weights, tf.mul(change, learningRate)), slots: [next] };
}

/** L2 regularisation: the decay is part of the gradient. */
const decayed = (gradient: tf.Tensor1D, weights: tf.Tensor1D, decay: number): tf.Tensor1D =>
  decay === 0 ? gradient : tf.add(gradient, tf.mul(weights, decay));

/** Decoupled decay (Loshchilov and Hutter): weights shrink by the rate, whatever the gradient. */
function shrunk(weights: tf.Tensor1D, learningRate: tf.Tensor1D | number, decay: number): tf.Tensor1D {
  if (typeof learningRate === 'number') return tf.mul(weights, 1 - learningRate * decay);
  return tf.sub(weights, tf.mul(weights, tf.mul(learningRate, decay)));
}
