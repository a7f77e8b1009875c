import type { NamedVariable } from '@chromatune/models';
import { hashWeight } from './hash-fill.js';
import { torchName, torchShape, weightFromTorch } from './torch-order.js';

/** Gives every weight and moving statistic the value that PyTorch's side of the fixtures gave it. */
export function fillNetwork(network: { variables: NamedVariable[]; statistics: NamedVariable[] }): void {
  const normalised = new Set(network.statistics.map(({ name }) => parentOf(name)));
  for (const { name, variable } of [...network.variables, ...network.statistics]) {
    const values = hashWeight(torchName(name), torchShape(variable.shape), normalised.has(parentOf(name)));
    const tensor = weightFromTorch(values, variable.shape);
    variable.assign(tensor);
    tensor.dispose();
  }
}

const parentOf = (name: string): string => name.slice(0, name.lastIndexOf('/'));
