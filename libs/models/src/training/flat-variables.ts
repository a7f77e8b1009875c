import * as tf from '@tensorflow/tfjs';
import { type NamedVariable, sizeOf } from '../networks/declarations.js';
import { type StateTensor } from './step.js';

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

  read(): StateTensor[] {
    return this.split(this.flat, '');
  }

  /** The parts of a vector that has a number for each of the variables' numbers. */
  split(flat: tf.Tensor1D, prefix: string): StateTensor[] {
    const data = flat.dataSync<'float32'>();
    let from = 0;
    return this.named.map(({ name, variable }, index) => {
      const to = from + this.sizes[index]!;
      const part = { name: prefix + name, shape: [...variable.shape], data: data.slice(from, to) };
      from = to;
      return part;
    });
  }

  /** The opposite of `split`. */
  join(tensors: Map<string, StateTensor>, prefix = ''): tf.Tensor1D {
    const data = new Float32Array(this.flat.size);
    let from = 0;
    for (const { name, variable } of this.named) {
      data.set(tensors.get(prefix + name)!.data, from);
      from += sizeOf(variable.shape);
    }
    return tf.tensor1d(data);
  }

  dispose(): void {
    this.flat.dispose();
  }
}
