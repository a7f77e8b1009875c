import * as tf from '@tensorflow/tfjs';

/** Puts an operation of the TensorFlow engines in the place of TensorFlow.js's own, which it may call. */
export function replaceKernel(
  kernelName: string,
  compute: (call: Parameters<tf.KernelFunc>[0], general: tf.KernelFunc) => ReturnType<tf.KernelFunc>,
): void {
  const backendName = 'tensorflow';
  const general = tf.getKernel(kernelName, backendName).kernelFunc;
  tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({ kernelName, backendName, kernelFunc: (call) => compute(call, general) });
}
