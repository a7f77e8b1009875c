import * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';
import { EngineUnavailable } from './engine.errors.js';

/** The backend of the TensorFlow engines: any TensorFlow op can be called through it. */
export interface TensorFlowBackend extends Pick<
  NodeJSKernelBackend,
  | 'binding'
  | 'executeMultipleOutputs'
  | 'executeSingleOutput'
  | 'getDTypeInteger'
  | 'isUsingGpuDevice'
  | 'runSavedModel'
> {
  /** Its numbers of these tensors, which it uploads where they are not yet. Private in the package's types. */
  getInputTensorIds(tensors: tf.Tensor[]): number[];
}

/** What TensorFlow is told when it is loaded. */
export interface EngineSettings {
  threads: number;
  /** Whether it may use only operations that give the same bits again; the CPU's always do. */
  deterministic: boolean;
  /** Whether XLA compiles training steps. */
  compile: boolean;
}

/** Loads TensorFlow into this process and makes it the backend of TensorFlow.js. */
export async function loadAddon(name: 'cuda' | 'native', engine: EngineSettings): Promise<TensorFlowBackend> {
  if (!('tensorflow' in tf.engine().registryFactory)) setEnvironment(name, engine);
  try {
    await import('@tensorflow/tfjs-node-gpu');
  } catch (error) {
    throw new EngineUnavailable(name, `its addon does not load (${firstLine(error)}).`, undefined, error);
  }
  await tf.setBackend('tensorflow');
  const backend = tf.backend() as unknown as TensorFlowBackend;
  if (name === 'cuda' && !backend.isUsingGpuDevice) {
    throw new EngineUnavailable(name, 'TensorFlow does not see the GPU.');
  }
  if (name === 'native' && backend.isUsingGpuDevice) {
    throw new EngineUnavailable(name, 'this process computes on the GPU already.');
  }
  return backend;
}

/** TensorFlow reads these once, when it is loaded. They are set here, whatever the shell says: they change the numbers. */
function setEnvironment(name: 'cuda' | 'native', { threads, deterministic }: EngineSettings): void {
  const settings = {
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: String(threads),
    OMP_NUM_THREADS: String(threads),
    TF_ENABLE_ONEDNN_OPTS: '1',
    TF_DETERMINISTIC_OPS: deterministic ? '1' : '0',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true', // or one child takes the whole GPU
    TF_XLA_FLAGS: '--tf_xla_enable_lazy_compilation=false', // or what XLA refuses is computed without it, silently
    TF_CPP_MIN_LOG_LEVEL: '2',
    ...(name === 'native' ? { CUDA_VISIBLE_DEVICES: '-1' } : {}),
  };
  // eslint-disable-next-line no-restricted-properties -- written for a library that reads nothing else
  Object.assign(process.env, settings);
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
