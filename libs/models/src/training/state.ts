import { sizeOf } from '../networks/declarations.js';

/** One named array of a run's state. Float32, so that a checkpoint holds every bit. */
export interface StateTensor {
  name: string;
  shape: number[];
  data: Float32Array;
}

export type StateShape = Pick<StateTensor, 'name' | 'shape'>;

/**
 * The state of a step, read as late as possible: that of a large network, with its optimizer's, is most of a process's memory
 * and need not be there twice. A step's own is that of now: it must be read before the next step.
 */
export interface State {
  readonly tensors: readonly StateShape[];
  /** Cheapest in the order of `tensors`, because neighbours are read together. */
  read(name: string): Float32Array;
}

/** Tensors that are read together. */
export interface StatePart {
  tensors: readonly StateShape[];
  /** The values of each. */
  read(): Float32Array[];
}

/** The state that consists of these parts; the latest one that was read stays in memory. */
export function stateOfParts(parts: readonly StatePart[]): State {
  const partOf = new Map(parts.flatMap((part) => part.tensors.map(({ name }) => [name, part])));
  let latest: { part: StatePart; values: Map<string, Float32Array> } | null = null;
  return {
    tensors: parts.flatMap(({ tensors }) => tensors),
    read(name) {
      const part = partOf.get(name)!;
      if (latest?.part !== part) {
        latest = null; // frees its memory before the next one takes as much
        const values = part.read();
        latest = {
          part,
          values: new Map(part.tensors.map((tensor, index) => [tensor.name, values[index]!])),
        };
      }
      return latest.values.get(name)!;
    },
  };
}

/** A state that stays what it is. */
export interface StateInMemory extends State {
  readonly tensors: readonly StateTensor[];
}

/** @throws Error that names the tensor whose numbers do not fill its shape */
export function stateOfTensors(tensors: readonly StateTensor[]): StateInMemory {
  for (const { name, shape, data } of tensors) {
    if (data.length === sizeOf(shape)) continue;
    throw new Error(`The state's ${name} has ${data.length} numbers; its shape holds ${sizeOf(shape)}.`);
  }
  const dataOf = new Map(tensors.map(({ name, data }) => [name, data]));
  return { tensors, read: (name) => dataOf.get(name)! };
}

export const inMemory = (state: State): StateInMemory =>
  stateOfTensors(state.tensors.map(({ name, shape }) => ({ name, shape, data: state.read(name) })));

/** The order in which the digest of weights wants them. */
export const byName = (one: { name: string }, other: { name: string }) => (one.name < other.name ? -1 : 1);

/**
 * The number of steps that an optimizer has done, as part of the state. In float32 it is exact up to 2^24, 16.8 million; beyond,
 * a schedule that is resumed may be one step off.
 */
export const stepCount = (optimizer: string, steps: number): StatePart => ({
  tensors: [{ name: stepCountName(optimizer), shape: [1] }],
  read: () => [Float32Array.of(steps)],
});

export const stepCountName = (optimizer: string) => `${optimizer}/step`;

/** @throws Error that names the tensor, unless the tensors of `state` are those expected, in their shapes */
export function requireState(state: State, expected: readonly StateShape[]): void {
  const shapes = new Map(state.tensors.map(({ name, shape }) => [name, shape]));
  const names = new Set(expected.map(({ name }) => name));
  for (const { name, shape } of expected) requireShape(name, shapes.get(name), shape);
  for (const { name } of state.tensors) {
    if (!names.has(name)) throw new Error(`The state has an unknown tensor ${name}.`);
  }
}

function requireShape(name: string, found: number[] | undefined, shape: number[]): void {
  if (!found) throw new Error(`The state lacks the tensor ${name}.`);
  if (String(found) === String(shape)) return;
  throw new Error(`The state's ${name} has shape [${found}]; this network needs [${shape}].`);
}
