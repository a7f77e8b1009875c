import { readFileSync } from 'node:fs';
import { arch, cpus } from 'node:os';

/**
 * The kind of this machine's processor, as far as TensorFlow's rounding depends on it: its instructions, and the caches,
 * which oneDNN cuts its work to fit. For example "AMD EPYC Processor (x64, avx512bw, caches 32K 32K 512K 32768K)".
 */
export function processor(): string {
  const model = cpus()[0]?.model.trim() || 'unknown processor';
  const instructions = ['avx512bw', 'avx2', 'avx'].find(hasFlag) ?? 'no AVX';
  const caches = cacheSizes();
  const details = [arch(), instructions, ...(caches.length > 0 ? [`caches ${caches.join(' ')}`] : [])];
  return `${model} (${details.join(', ')})`;
}

/** All that WebAssembly's rounding depends on: it computes alike everywhere, but for kernels chosen by architecture. */
export const anyProcessor = (): string => `any ${arch()} processor`;

const hasFlag = (flag: string) => new RegExp(`^flags.*\\b${flag}\\b`, 'm').test(readIfThere('/proc/cpuinfo'));

const cacheSizes = () =>
  [0, 1, 2, 3]
    .map((index) => readIfThere(`/sys/devices/system/cpu/cpu0/cache/index${index}/size`).trim())
    .filter(Boolean);

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // not Linux, or hidden by a container
  }
}
