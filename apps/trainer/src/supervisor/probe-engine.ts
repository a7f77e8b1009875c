import { execFile, fork } from 'node:child_process';
import { totalmem } from 'node:os';
import { DomainError, type Environment } from '@chromatune/contracts';
import { type ProbeRequest, probeResult } from '../training/probe-messages.js';
import { defaultSlots, defaultThreads, type TrainerConfig } from '../config/trainer-environment.js';

const probeTimeoutMs = 180_000;

export interface Capacity {
  environment: Environment;
  reason: string;
  slots: number;
  gpus: number;
  /** Memory that training may use: the machine's (or its control group's), or that of its GPUs. */
  memoryBytes: number;
}

export type Probe = (request: ProbeRequest) => Promise<{ environment: Environment; reason: string }>;

/**
 * Decides slots and threads for this machine, and learns the engine they will train on.
 * @throws DomainError when no engine works
 */
export async function measureCapacity(
  config: Pick<TrainerConfig, 'CHROMATUNE_ENGINE' | 'CHROMATUNE_THREADS' | 'TRAINER_SLOTS'>,
  probe: Probe,
  gpus: number,
): Promise<Capacity> {
  const slots = config.TRAINER_SLOTS ?? defaultSlots({ gpus });
  const threads = config.CHROMATUNE_THREADS ?? defaultThreads({ slots });
  const found = await probe({ want: config.CHROMATUNE_ENGINE, threads });
  const unusedGpus = gpus > 0 && found.environment.engine !== 'cuda';
  if (unusedGpus) return measureCapacity(config, probe, 0); // slots and threads by the cores, then
  return { ...found, slots, gpus, memoryBytes: gpus > 0 ? await gpuMemoryBytes() : machineMemoryBytes() };
}

/** Loads the engine in a short process of its own and says what it found. */
export function probeEngineIn(entry: string, env: Record<string, string | undefined>): Probe {
  return (request) =>
    new Promise((resolve, reject) => {
      const child = fork(entry, [], { env, execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
      let stderr = '';
      child.stderr!.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-4000)));
      const timeout = setTimeout(() => child.kill('SIGKILL'), probeTimeoutMs);
      child.once('message', (message) => {
        const result = probeResult.parse(message);
        if ('error' in result) reject(noEngine(result.error, result.remedy));
        else resolve(result);
      });
      child.once('error', reject);
      child.once('close', (code, signal) => {
        clearTimeout(timeout);
        reject(noEngine(`It ended with ${signal ?? `code ${code}`}.\n${stderr}`.trim()));
      });
      child.send(request);
    });
}

/** GPUs that the driver shows, 0 where there is no driver. */
export function countGpus(): Promise<number> {
  return new Promise((resolve) => {
    execFile('nvidia-smi', ['-L'], { timeout: 20_000 }, (error, stdout) =>
      resolve(error ? 0 : stdout.split('\n').filter((line) => line.startsWith('GPU ')).length),
    );
  });
}

/** Of all GPUs that the driver shows, 0 where it does not answer. */
function gpuMemoryBytes(): Promise<number> {
  const query = ['--query-gpu=memory.total', '--format=csv,noheader,nounits'];
  return new Promise((resolve) => {
    execFile('nvidia-smi', query, { timeout: 20_000 }, (error, stdout) => {
      const mebibytes = error ? [] : stdout.split('\n').filter(Boolean).map(Number);
      resolve(mebibytes.reduce((sum, one) => sum + one * 2 ** 20, 0));
    });
  });
}

/** A container may have less than its machine; `constrainedMemory` is 0 or vast where nothing limits it. */
function machineMemoryBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

const noEngine = (why: string, remedy?: string) =>
  new DomainError('no_engine', 500, `No TensorFlow engine could be loaded. ${why}`, {
    remedy: remedy ?? 'Run `npx chromatune doctor`, or start with CHROMATUNE_ENGINE=portable.',
  });
