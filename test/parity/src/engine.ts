import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { EngineName } from '@chromatune/contracts';
import type { createEagerStep } from '@chromatune/models';
import { repository } from '@chromatune/test-support';

/** Largest difference of a network's features and gradients in float32, as a share of the tensor's largest magnitude. */
export const float32Bound = 1e-4;

export type CreateStep = typeof createEagerStep;

/** What computes here. */
export interface Engine {
  /** For people. */
  description: string;
  /** The training step of its runs where they record it; those of the portable engine take the eager one. */
  createRecordedStep: CreateStep | null;
}

/** Loads the engine by the trainer's own file: the one place that chooses engines. */
export async function loadEngine(want: EngineName | 'auto'): Promise<Engine> {
  const trainer = (await import(
    pathToFileURL(path.join(repository, 'apps/trainer/dist/engine.js')).href
  )) as { loadEngine(want: EngineName | 'auto'): Promise<TrainerEngine> };
  const { name, version, device, threads, createStep } = await trainer.loadEngine(want);
  return {
    description: `${version} on ${device}, threads: ${threads}`,
    createRecordedStep: name === 'portable' ? null : createStep,
  };
}

/** As apps/trainer/src/engine.ts has it. */
interface TrainerEngine {
  name: EngineName;
  version: string;
  device: string;
  threads: number;
  createStep: CreateStep;
}
