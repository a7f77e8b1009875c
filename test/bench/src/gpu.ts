import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { sum } from './numbers.js';

const run = promisify(execFile);
const csv = '--format=csv,noheader,nounits';

/** Bytes in use on the first GPU, by all processes, as NVIDIA's driver counts them. */
export async function gpuMemoryUsed(): Promise<number> {
  const { stdout } = await run('nvidia-smi', ['--query-gpu=memory.used', csv]);
  return Number(stdout.split('\n')[0]) * 2 ** 20;
}

/** Does something, and says in which share of the time the first GPU computed: the driver's figure, ten times a second. */
export async function watchGpu<T>(work: () => Promise<T>): Promise<{ result: T; gpuBusy: number }> {
  const watch = spawn('nvidia-smi', ['--query-gpu=utilization.gpu', csv, '--id=0', '--loop-ms=100']);
  let said = '';
  watch.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  try {
    const result = await work();
    const percents = said.split('\n').filter(Boolean).map(Number);
    return { result, gpuBusy: sum(percents) / percents.length / 100 };
  } finally {
    watch.kill();
  }
}
