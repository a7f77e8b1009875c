import * as tf from '@tensorflow/tfjs';
import { type Stream, stream } from '@chromatune/random';

/** Fills the initial values of a variable. `random` belongs to the seed and the variable's name alone. */
export type Initial = (values: Float32Array, random: Stream) => void;

export interface NamedVariable {
  name: string;
  variable: tf.Variable;
}

/**
 * The variables of a network, declared by its layers before any is allocated, so that parameters can be counted for
 * nothing. Their order is that of declaration.
 */
export class Declarations {
  private readonly declared: Declared[] = [];

  /** A variable that the optimizer changes. */
  parameter(name: string, shape: number[], initial: Initial): Declared {
    return this.add(new Declared(name, shape, initial, true));
  }

  /** A moving statistic of batch norm: part of the network's state, not changed by the optimizer. */
  statistic(name: string, shape: number[], initial: Initial): Declared {
    return this.add(new Declared(name, shape, initial, false));
  }

  countParameters(): number {
    return this.declared
      .filter(({ trainable }) => trainable)
      .reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  }

  allocate(seed: number): { variables: NamedVariable[]; statistics: NamedVariable[] } {
    for (const one of this.declared) one.allocate(seed);
    const named = (trainable: boolean) =>
      this.declared
        .filter((one) => one.trainable === trainable)
        .map((one): NamedVariable => ({ name: one.name, variable: one.variable }));
    return { variables: named(true), statistics: named(false) };
  }

  private add(declared: Declared): Declared {
    if (this.declared.some(({ name }) => name === declared.name)) {
      throw new Error(`The network declares ${declared.name} twice.`);
    }
    this.declared.push(declared);
    return declared;
  }
}

export class Declared {
  private allocated: tf.Variable | null = null;

  constructor(
    readonly name: string,
    readonly shape: number[],
    private readonly initial: Initial,
    readonly trainable: boolean,
  ) {}

  get variable(): tf.Variable {
    if (!this.allocated) throw new Error(`${this.name} is used before it is allocated.`);
    return this.allocated;
  }

  allocate(seed: number): void {
    const values = new Float32Array(sizeOf(this.shape));
    this.initial(values, stream(seed, `weights/${this.name}`));
    this.allocated = tf.tidy(() => tf.variable(tf.tensor(values, this.shape), this.trainable));
  }
}

export const zeros: Initial = () => {};
export const ones: Initial = (values) => values.fill(1);

/** PyTorch's `kaiming_normal_(mode='fan_out', nonlinearity='relu')`: torchvision's choice for ResNet's convolutions. */
export const kaimingNormal =
  (fanOut: number): Initial =>
  (values, random) => {
    const deviation = Math.sqrt(2 / fanOut);
    for (let index = 0; index < values.length; index++) values[index] = deviation * random.normal();
  };

/** PyTorch's default for weights and biases of a convolution: uniform within 1 / √fan_in on both sides of 0. */
export const torchDefault =
  (fanIn: number): Initial =>
  (values, random) => {
    const bound = 1 / Math.sqrt(fanIn);
    for (let index = 0; index < values.length; index++) values[index] = bound * (2 * random.uniform() - 1);
  };

export const sizeOf = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);
