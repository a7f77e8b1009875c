import * as tf from '@tensorflow/tfjs';

/** As `tf.tidy`, for results that are no tensors: all tensors that `compute` makes are freed, what it returns is not looked at. */
export function tidily<T>(compute: () => T): T {
  const results: T[] = [];
  tf.tidy(() => void results.push(compute()));
  return results[0]!;
}
