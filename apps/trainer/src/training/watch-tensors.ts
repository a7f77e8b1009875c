import * as tf from '@tensorflow/tfjs';

/**
 * Warns once when tensors stay behind after a step: memory that V8 does not see. Steps are compared with the first of
 * the same batch size, because the optimizer may keep tensors from its first step on.
 */
export function watchTensors(warn: (message: string) => void): (images: number) => void {
  const expected = new Map<number, number>();
  let steps = 0;
  let warned = false;
  return (images) => {
    steps += 1;
    const { numTensors } = tf.memory();
    const before = expected.get(images);
    if (before === undefined || steps <= 2) expected.set(images, numTensors);
    else if (numTensors > before && !warned) {
      warned = true;
      warn(`Tensors leak: ${numTensors} after step ${steps} of this attempt, ${before} before.`);
    }
  };
}
