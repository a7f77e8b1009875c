import * as tf from '@tensorflow/tfjs';

/** Puts an operation in the place of TensorFlow.js's own, which it may call. */
export function replaceKernel(
  kernelName: string,
  compute: (call: Parameters<tf.KernelFunc>[0], own: tf.KernelFunc) => ReturnType<tf.KernelFunc>,
  backendName: 'tensorflow' | 'wasm' = 'tensorflow',
): void {
  const own = tf.getKernel(kernelName, backendName);
  tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({ ...own, kernelFunc: (call) => compute(call, own.kernelFunc) });
}
