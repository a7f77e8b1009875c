import {
  adamCorrections,
  type OptimizerRecipe,
  optimizerSlots,
  statisticsMomentum,
} from '@chromatune/models';
import { attribute, dataType, type Graph } from './graph.js';

// The part of a training step behind the gradients, as nodes: TensorFlow's fused updates need one operation a weight.

const floats = { T: attribute.type(dataType.float32) };
const ofFloats = { dtype: attribute.type(dataType.float32) };

/** Handles of one weight and of what the optimizer keeps for it. */
export interface WeightHandles {
  weight: string;
  slots: string[];
}

/** Placeholders of numbers that change from step to step, and the values for one step. */
export const scalarNames = (recipe: OptimizerRecipe): string[] =>
  recipe.type === 'sgd'
    ? ['rate/decoder', 'rate/encoder']
    : ['rate/decoder', 'rate/encoder', 'adam/rate/decoder', 'adam/rate/encoder', 'adam/epsilon'];

export function scalarValues(
  recipe: OptimizerRecipe,
  { step, rate, encoderFactor }: { step: number; rate: number; encoderFactor: number },
): Record<string, number> {
  const rates = { 'rate/decoder': rate, 'rate/encoder': rate * encoderFactor };
  if (recipe.type === 'sgd') return rates;
  // TensorFlow computes 1 - beta in single precision; the corrections belong to those betas.
  const betas = { beta1: Math.fround(recipe.beta1), beta2: Math.fround(recipe.beta2) };
  const { rate: correction, epsilon } = adamCorrections({ ...recipe, ...betas }, step);
  return {
    ...rates,
    'adam/rate/decoder': rate * correction,
    'adam/rate/encoder': rate * encoderFactor * correction,
    'adam/epsilon': epsilon,
  };
}

/** As inputs: nodes that must have run before. */
const behind = (nodes: string[]): string[] => nodes.map((name) => `^${name}`);

/** Adds a variable of floats, whose handle has its name. */
export function addHandle(graph: Graph, name: string, shape: readonly number[]): void {
  const attributes = { ...ofFloats, shape: attribute.shape(shape), shared_name: attribute.text(name) };
  graph.add('VarHandleOp', [], attributes, name);
}

export const read = (graph: Graph, handle: string, after: string[] = [], name?: string): string =>
  graph.add('ReadVariableOp', [handle, ...behind(after)], ofFloats, name);

export const assign = (graph: Graph, handle: string, value: string, after: string[] = []): string =>
  graph.add('AssignVariableOp', [handle, value, ...behind(after)], ofFloats);

/** Adds a node that passes on a value once others have run. */
export function finish(graph: Graph, name: string, value: string, after: string[]): void {
  graph.add('Identity', [value, ...behind(after)], floats, name);
}

export const multiply = (graph: Graph, one: string, other: string) => graph.add('Mul', [one, other], floats);

/** Without a tensor of zeros that would have to be handed over. */
export function assignZero(graph: Graph, handle: string, shape: number[]): string {
  const attributes = { ...floats, index_type: attribute.type(dataType.int32) };
  return assign(graph, handle, graph.add('Fill', [graph.integers(shape), graph.scalar(0)], attributes));
}

/** Makes what has been read of a variable zero, not before others have run: all zeros at once would be a copy of all weights. */
export function clear(graph: Graph, handle: string, value: string, after: string[]): string {
  return assign(graph, handle, graph.add('ZerosLike', [value, ...behind(after)], floats));
}

export const addUp = (graph: Graph, one: string, other: string) => graph.add('AddV2', [one, other], floats);

/** Norm of all gradients together. */
export function normOf(graph: Graph, gradients: string[]): string {
  const halfSquares = gradients.map((gradient) => graph.add('L2Loss', [gradient], floats));
  const sum = graph.add('AddN', halfSquares, { ...floats, N: attribute.integer(halfSquares.length) });
  return graph.add('Sqrt', [multiply(graph, sum, graph.scalar(2))], floats);
}

/** Gradients brought down together from their norm to `largest`, as PyTorch's `clip_grad_norm_`. */
export function clip(graph: Graph, gradients: string[], norm: string, largest: number): string[] {
  const ratio = graph.add('RealDiv', [graph.scalar(largest), addUp(graph, norm, graph.scalar(1e-6))], floats);
  const factor = graph.add('Minimum', [ratio, graph.scalar(1)], floats);
  return gradients.map((gradient) => multiply(graph, gradient, factor));
}

/** Moves a statistic towards that of the batch. Returns the node that has done it. */
export function moveStatistic(graph: Graph, handle: string, batch: string): string {
  const kept = multiply(graph, read(graph, handle), graph.scalar(1 - statisticsMomentum));
  return assign(graph, handle, addUp(graph, kept, multiply(graph, batch, graph.scalar(statisticsMomentum))));
}

/** Moves an average a share of the way to a weight that has just been updated. */
export function moveAverage(
  graph: Graph,
  { average, weight, share }: Record<'average' | 'weight' | 'share', string>,
  after: string[],
): string {
  const before = read(graph, average);
  const difference = graph.add('Sub', [read(graph, weight, after), before], floats);
  return assign(graph, average, addUp(graph, before, multiply(graph, difference, share)));
}

/** The update of one weight, as `updateWeights` of libs/models says it. Returns the node that has done it. */
export function updateWeight(
  graph: Graph,
  recipe: OptimizerRecipe,
  { weight, slots }: WeightHandles,
  { gradient, group }: { gradient: string; group: 'encoder' | 'decoder' },
): string {
  const rate = `rate/${group}`;
  const { weightDecay } = recipe;
  if (recipe.type === 'sgd') {
    const slope = decayed(graph, gradient, weight, weightDecay);
    const inputs = [weight, slots[0]!, rate, slope, graph.scalar(recipe.momentum)];
    return graph.add('ResourceApplyMomentum', inputs, {
      ...floats,
      use_nesterov: attribute.boolean(recipe.nesterov),
    });
  }
  const isDecoupled = recipe.type === 'adamw' && weightDecay > 0;
  const shrunk = isDecoupled ? [shrink(graph, weight, rate, weightDecay)] : [];
  const slope = recipe.type === 'adam' ? decayed(graph, gradient, weight, weightDecay) : gradient;
  const none = graph.scalar(0); // powers of the betas: the corrections are in the rate
  const numbers = [`adam/${rate}`, graph.scalar(recipe.beta1), graph.scalar(recipe.beta2), 'adam/epsilon'];
  const inputs = [weight, ...slots, none, none, ...numbers, slope, ...behind(shrunk)];
  return graph.add('ResourceApplyAdam', inputs, floats);
}

export const slotNames = ({ type }: OptimizerRecipe): string[] =>
  optimizerSlots[type].map((slot) => `${type}/${slot}/`);

function decayed(graph: Graph, gradient: string, weight: string, decay: number): string {
  if (decay === 0) return gradient;
  return addUp(graph, gradient, multiply(graph, read(graph, weight), graph.scalar(decay)));
}

/** After the gradient has been computed is not needed: TensorFlow leaves a value alone that is still being read. */
function shrink(graph: Graph, weight: string, rate: string, decay: number): string {
  const share = multiply(graph, rate, graph.scalar(decay));
  const before = read(graph, weight);
  const after = graph.add('Sub', [before, multiply(graph, before, share)], floats);
  return assign(graph, weight, after);
}
