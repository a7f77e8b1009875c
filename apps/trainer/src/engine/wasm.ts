import * as tf from '@tensorflow/tfjs';
import { setWasmPaths, version_wasm as version } from '@tensorflow/tfjs-backend-wasm';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { replaceKernel } from './replace-kernel.js';
import {
  addInParts,
  convolutionFilterGradient,
  convolutionInputGradient,
  oneHot,
  segmentSum,
} from './wasm-kernels.js';

export const wasmVersion = `tfjs-wasm ${version}`;

let isPrepared = false;

/** Registers the WebAssembly backend with the gradients it lacks. Single-threaded, as it always is in Node. */
export function loadWasm(): void {
  if (isPrepared) return;
  isPrepared = true;
  const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(join(dirname(main), '/'));

  tf.unregisterKernel('Conv2DBackpropInput', 'wasm'); // at a sixth of the speed
  tf.unregisterKernel('OneHot', 'wasm'); // wrong for floats
  const kernels = {
    Conv2DBackpropInput: convolutionInputGradient,
    Conv2DBackpropFilter: convolutionFilterGradient,
    UnsortedSegmentSum: segmentSum,
    OneHot: oneHot,
  };
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc });
  }
  for (const kind of ['Sum', 'Mean'] as const) {
    replaceKernel(kind, (call, own) => addInParts(kind, call, own), 'wasm');
  }
}
