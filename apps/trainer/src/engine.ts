import type { EngineName } from '@chromatune/contracts';
import { engineStatus } from '@chromatune/engine';
import {
  createEagerStep,
  type Loss,
  type Network,
  plainKernels,
  setKernels,
  type Step,
  type StepOptions,
  type TrainingRecipe,
} from '@chromatune/models';
import * as tf from '@tensorflow/tfjs';
import { availableParallelism } from 'node:os';
import { checkNumbers } from './engine/check-numbers.js';
import { EngineUnavailable } from './engine/engine.errors.js';
import { createRecordedStep } from './engine/recording/recorded-step.js';
import { tensorflowKernels } from './engine/tensorflow-kernels.js';
import { type EngineSettings, loadAddon } from './engine/tensorflow-addon.js';
import { anyProcessor, processor } from './engine/processor.js';
import { loadWasm, wasmVersion } from './engine/wasm.js';

/** What computes the numbers of this process. All of it but `reason` belongs to a run's recorded environment. */
export interface Engine {
  name: EngineName;
  /** "tensorflow 2.21.0" or "tfjs-wasm 4.22.0". */
  version: string;
  /** The GPU, or the kind of processor: all that rounding depends on beside version and threads. */
  device: string;
  /** Threads it really uses. */
  threads: number;
  /** Whether the same work gives the same bits again. */
  deterministic: boolean;
  /** Why it is this one, for people. */
  reason: string;
  /** The fastest kind of training step that it has. */
  createStep: CreateStep;
}

export type CreateStep = (network: Network, loss: Loss, recipe: TrainingRecipe, options: StepOptions) => Step;

/**
 * Makes TensorFlow.js of this process compute on `want`; `auto` takes the first of cuda, native and portable that works
 * here. An engine that gets a known sum wrong does not work. To be called once, before any tensor is made: TensorFlow
 * keeps the number of threads and the GPUs of its first use.
 * @throws EngineUnavailable with what to do, unless `auto`
 */
export async function loadEngine(
  want: EngineName | 'auto',
  options: Partial<EngineSettings> = {},
): Promise<Engine> {
  const settings = { threads: availableParallelism(), deterministic: true, compile: false, ...options };
  if (want !== 'auto') return { ...(await loadChecked(want, settings)), reason: `${want} was asked for.` };

  const refusals: string[] = [];
  for (const name of ladder) {
    try {
      const engine = await loadChecked(name, settings);
      return { ...engine, reason: [`${name} is the first that works.`, ...refusals].join(' ') };
    } catch (error) {
      if (!(error instanceof EngineUnavailable)) throw error;
      refusals.push(error.message);
    }
  }
  throw new EngineUnavailable('portable', refusals.join(' '));
}

const ladder: EngineName[] = ['cuda', 'native', 'portable'];

type Loaded = Omit<Engine, 'reason'>;

async function loadChecked(name: EngineName, settings: EngineSettings): Promise<Loaded> {
  const engine = name === 'portable' ? await loadPortable() : await loadTensorFlow(name, settings);
  const problems = await checkNumbers().catch((error: unknown) => {
    throw new EngineUnavailable(name, String(error), undefined, error); // an operation that it lacks or refuses
  });
  if (problems.length > 0)
    throw new EngineUnavailable(name, `it computes wrong numbers: ${problems.join('; ')}.`);
  return engine;
}

async function loadTensorFlow(name: 'cuda' | 'native', settings: EngineSettings): Promise<Loaded> {
  const { linked, gpu, problem } = await engineStatus();
  if (linked === null) throw new EngineUnavailable(name, problem?.message ?? '', problem?.remedy);
  if (name === 'cuda' && !gpu.found) throw new EngineUnavailable(name, gpu.reason);
  if (name === 'cuda' && linked.name !== 'cuda') {
    const remedy = 'Run: node infra/engine/dist/main.js --want cuda';
    throw new EngineUnavailable(name, 'TensorFlow was installed without CUDA.', remedy);
  }
  const backend = await loadAddon(name, settings);
  const { compile } = settings;
  setKernels(tensorflowKernels(backend, { compile }));
  return {
    name,
    version: `tensorflow ${backend.binding.TF_Version}`,
    device: name === 'cuda' && gpu.found ? gpu.name : processor(),
    threads: settings.threads,
    // CPU: measured between processes. GPU: TF_DETERMINISTIC_OPS refuses what is not.
    deterministic: name === 'native' || settings.deterministic,
    createStep: (network, loss, recipe, options) =>
      createRecordedStep(network, loss, recipe, {
        ...options,
        backend,
        compile,
        ahead: backend.isUsingGpuDevice,
      }),
  };
}

async function loadPortable(): Promise<Loaded> {
  loadWasm();
  if (!(await tf.setBackend('wasm'))) {
    throw new EngineUnavailable('portable', 'The WebAssembly backend does not start.');
  }
  setKernels(plainKernels);
  return {
    name: 'portable',
    version: wasmVersion,
    device: anyProcessor(),
    threads: 1,
    deterministic: true,
    createStep: createEagerStep,
  };
}
