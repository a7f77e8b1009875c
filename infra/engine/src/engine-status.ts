import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { findAddonSources, linkPath } from './addon.js';
import { engineCache, type EngineRecord, readEngineRecord } from './cache.js';
import { EngineProblem } from './engine.errors.js';
import { findGpu, type GpuSearch } from './gpu.js';
import { thisMachine } from './verify-addon.js';

export interface EngineStatus {
  /** What TensorFlow.js would load now; null when nothing is linked: the portable engine is used. */
  linked: (EngineRecord & { folder: string; verifiedHere: boolean }) | null;
  gpu: GpuSearch;
  cache: string;
  /** What is wrong, for people; with what to do about it. */
  problem: { message: string; remedy: string } | null;
}

/** What is installed, read from the disk without loading it. For `chromatune doctor`. */
export async function engineStatus(environment: NodeJS.ProcessEnv = process.env): Promise<EngineStatus> {
  const cache = engineCache(environment);
  const gpu = await findGpu(environment);
  try {
    const link = linkPath(await findAddonSources());
    const addon = await realpath(link).catch(() => null);
    const folder = addon === null ? null : dirname(dirname(addon));
    const record = folder === null ? null : await readEngineRecord(folder);
    if (folder === null || record === null) return { linked: null, gpu, cache, problem: notInstalled };
    const verifiedHere = record.machine === thisMachine();
    return { linked: { ...record, folder, verifiedHere }, gpu, cache, problem: null };
  } catch (error) {
    if (!(error instanceof EngineProblem)) throw error;
    return { linked: null, gpu, cache, problem: { message: error.message, remedy: error.remedy ?? '' } };
  }
}

const notInstalled = {
  message: "TensorFlow's engine is not installed: the portable one is used, which is slower.",
  remedy: 'Run npm start, or only this step: node infra/engine/dist/main.js',
};
