import * as tf from '@tensorflow/tfjs';
import { type NamedVariable } from '../networks/declarations.js';
import { byName, type State, type StatePart } from './state.js';

/**
 * Variables together with one flat vector of the same numbers. The optimizer works on the vector, a dozen large operations
 * instead of a dozen for each of some sixty variables; the network reads the variables.
 */
export class FlatVariables {
  flat: tf.Tensor1D;
  private readonly sizes: number[];

  constructor(private readonly named: readonly NamedVariable[]) {
    this.sizes = named.map(({ variable }) => variable.size);
    this.flat = tf.tidy(() =>
      named.length === 0 ? tf.tensor1d([]) : tf.concat1d(named.map(({ variable }) => variable.flatten())),
    );
  }

  /** Takes over `flat`, and gives each variable its part. */
  write(flat: tf.Tensor1D): void {
    this.show(flat);
    if (flat !== this.flat) this.flat.dispose();
    this.flat = flat;
  }

  /** Gives each variable its part of `flat`, which stays the caller's; `flat` of this object stays what it is. */
  show(flat: tf.Tensor1D): void {
    if (this.named.length === 0) return;
    tf.tidy(() => {
      tf.split(flat, this.sizes).forEach((part, index) => {
        const { variable } = this.named[index]!;
        variable.assign(part.reshape(variable.shape));
      });
    });
  }

  /** The parts of a vector that has a number for each of the variables' numbers, as part of a state. */
  part(flat: tf.Tensor1D = this.flat, prefix = ''): StatePart {
    return {
      tensors: this.named.map(({ name, variable }) => ({ name: prefix + name, shape: [...variable.shape] })),
      read: () => {
        const data = flat.dataSync<'float32'>();
        let from = 0;
        return this.sizes.map((size) => data.slice(from, (from += size)));
      },
    };
  }

  /** The vector of what a state says of the variables. */
  join(state: State, prefix = ''): tf.Tensor1D {
    const data = new Float32Array(this.flat.size);
    let from = 0;
    for (const { name, variable } of this.named) {
      data.set(state.read(prefix + name), from);
      from += variable.size;
    }
    return tf.tensor1d(data);
  }

  dispose(): void {
    this.flat.dispose();
  }
}

/** The parts of several such vectors as one, in the order of names. */
export function partOfAll(groups: readonly FlatVariables[]): StatePart {
  const parts = groups.map((group) => group.part());
  const tensors = parts.flatMap((part) => part.tensors);
  const inOrder = [...tensors].sort(byName);
  return {
    tensors: inOrder,
    read: () => {
      const values = parts.flatMap((part) => part.read());
      return inOrder.map((tensor) => values[tensors.indexOf(tensor)]!);
    },
  };
}
