import { type Stream } from '@chromatune/random';

/** Fills the initial values of a tensor. `random` belongs to the seed and the tensor's name alone. */
export type Initial = (values: Float32Array, random: Stream) => void;

export const zeros: Initial = () => {};
export const ones: Initial = (values) => values.fill(1);

/** PyTorch's `kaiming_normal_(mode='fan_out', nonlinearity='relu')`: torchvision's choice for the convolutions of its networks. */
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
