import type { EngineStatus } from '@chromatune/engine';
import type { Settings } from '../config/settings.js';
import type { Finding } from './finding.js';

export async function checkEngine(settings: Settings): Promise<Finding> {
  const name = 'engine';
  const wanted = settings.environment['CHROMATUNE_ENGINE'] || 'auto';
  const status = await readStatus(settings);
  if ('failed' in status)
    return { name, status: 'problem', detail: status.failed, remedy: 'Run npm ci and npm start.' };
  const { linked, problem } = status;
  const choice = `CHROMATUNE_ENGINE=${wanted}`;
  if (linked) {
    const { tensorflowVersion, tfjsVersion, verifiedHere, folder } = linked;
    const detail = `${linked.name}: TensorFlow ${tensorflowVersion}, tfjs-node-gpu ${tfjsVersion}, ${choice}, in ${folder}`;
    return verifiedHere
      ? { name, status: 'ok', detail }
      : {
          name,
          status: 'note',
          detail: `${detail}; built on another machine`,
          remedy: 'npm start verifies it here.',
        };
  }
  if (wanted === 'portable') return { name, status: 'ok', detail: `portable (wasm), as ${choice} says` };
  return {
    name,
    status: wanted === 'auto' ? 'note' : 'problem',
    detail: `${choice}. ${problem?.message ?? 'Nothing is linked.'}`,
    remedy: problem?.remedy ?? 'Run npm start.',
  };
}

export async function checkGpu(settings: Settings): Promise<Finding> {
  const status = await readStatus(settings);
  if ('failed' in status) return { name: 'gpu', status: 'note', detail: 'could not be looked for' };
  const { gpu, linked } = status;
  if (!gpu.found)
    return { name: 'gpu', status: 'ok', detail: `none: ${gpu.reason} Training runs on the CPU.` };
  const detail = `${gpu.count > 1 ? `${gpu.count} × ` : ''}${gpu.name}, driver ${gpu.driver}`;
  return linked?.name === 'cuda'
    ? { name: 'gpu', status: 'ok', detail }
    : {
        name: 'gpu',
        status: 'note',
        detail: `${detail}, not used`,
        remedy: 'npm start installs the engine for it.',
      };
}

async function readStatus({ environment }: Settings): Promise<EngineStatus | { failed: string }> {
  try {
    const { engineStatus } = await import('@chromatune/engine');
    return await engineStatus(environment);
  } catch (error) {
    return { failed: (error as Error).message };
  }
}
