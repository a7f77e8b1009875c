import { sizeOf } from '../networks/declarations.js';
import { type StateTensor } from './step.js';

/** The number of steps that an optimizer has done, as part of the state. */
export const stepCount = (optimizer: string, steps: number): StateTensor => ({
  name: `${optimizer}/step`,
  shape: [1],
  data: Float32Array.of(steps),
});

/**
 * The tensors of `state` by name, when they are those of `expected`, no more and no fewer, in their shapes.
 * @throws Error that names the tensor otherwise
 */
export function requireState(
  state: readonly StateTensor[],
  expected: readonly Pick<StateTensor, 'name' | 'shape'>[],
): Map<string, StateTensor> {
  const tensors = new Map(state.map((tensor) => [tensor.name, tensor]));
  const names = new Set(expected.map(({ name }) => name));
  for (const { name, shape } of expected) requireTensor(tensors, name, shape);
  for (const { name } of state) {
    if (!names.has(name)) throw new Error(`The state has an unknown tensor ${name}.`);
  }
  return tensors;
}

function requireTensor(tensors: Map<string, StateTensor>, name: string, shape: number[]): void {
  const found = tensors.get(name);
  if (!found) throw new Error(`The state lacks the tensor ${name}.`);
  if (String(found.shape) !== String(shape)) {
    throw new Error(`The state's ${name} has shape [${found.shape}]; this network needs [${shape}].`);
  }
  if (found.data.length !== sizeOf(shape)) {
    throw new Error(
      `The state's ${name} has ${found.data.length} numbers; its shape holds ${sizeOf(shape)}.`,
    );
  }
}
