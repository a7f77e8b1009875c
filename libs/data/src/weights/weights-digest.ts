import { createHash } from 'node:crypto';
import { bytesOf, type NamedShape, type TensorReader } from './safetensors.js';

/**
 * SHA-256 of a network: its weights and moving statistics, in the order of their names. What else a step keeps does not
 * count, so two runs can be compared whatever that is: the optimizer's state, whose names begin with its type, and the
 * average of the weights (`average/`), which follows from them.
 */
export class WeightsDigest {
  private readonly hash = createHash('sha256');
  private lastName = '';

  /** Adds a tensor of a step's state. @throws RangeError when weights do not come in the order of their names */
  add(tensor: NamedShape, data: Float32Array): void {
    if (!isWeight(tensor)) return;
    const { name, shape } = tensor;
    if (name <= this.lastName) throw new RangeError(`${name} comes after ${this.lastName}.`);
    this.lastName = name;
    this.hash.update(JSON.stringify([name, shape])).update(bytesOf(data));
  }

  hex(): string {
    return this.hash.digest('hex');
  }
}

/** See `WeightsDigest`, for any order of the tensors. */
export function weightsSha256(state: TensorReader): string {
  const digest = new WeightsDigest();
  const weights = state.tensors.filter(isWeight).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const weight of weights) digest.add(weight, state.read(weight.name));
  return digest.hex();
}

/** Whether a tensor of a step's state is of the network: its weights and moving statistics. */
export const isWeight = ({ name }: { name: string }) => !/^(adam|adamw|sgd|average)\//.test(name);
