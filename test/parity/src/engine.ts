import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { EngineName } from '@chromatune/contracts';
import { repository } from '@chromatune/test-support';

/** Largest difference of a network's features and gradients in float32, as a share of the tensor's largest magnitude. */
export const float32Bound = 1e-4;

/** Loads the engine by the trainer's own file: the one place that chooses engines. @returns what computes, for people */
export async function loadEngine(want: EngineName | 'auto'): Promise<string> {
  const trainer = (await import(
    pathToFileURL(path.join(repository, 'apps/trainer/dist/engine.js')).href
  )) as {
    loadEngine(want: EngineName | 'auto'): Promise<{ version: string; device: string; threads: number }>;
  };
  const { version, device, threads } = await trainer.loadEngine(want);
  return `${version} on ${device}, threads: ${threads}`;
}
