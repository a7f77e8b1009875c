import { runProgram } from './run-program.js';

export type GpuSearch =
  { found: true; name: string; driver: string; count: number } | { found: false; reason: string };

/** Asks the NVIDIA driver. A machine whose driver does not answer counts as one without a GPU, with the reason. */
export async function findGpu(environment: NodeJS.ProcessEnv = process.env): Promise<GpuSearch> {
  const query = ['--query-gpu=name,driver_version', '--format=csv,noheader'];
  const answer = await runProgram('nvidia-smi', query, { environment, timeoutMs: 20_000 });
  if (answer.missing) return { found: false, reason: 'nvidia-smi is not there.' };
  const lines = answer.stdout.split('\n').filter((line) => line.includes(','));
  const [name = '', driver = ''] = (lines[0] ?? '').split(',').map((cell) => cell.trim());
  if (answer.code !== 0 || name === '') {
    const said = (answer.stdout + answer.stderr).trim().split('\n')[0] ?? '';
    return { found: false, reason: `nvidia-smi lists none (${said || `exit code ${answer.code}`}).` };
  }
  return { found: true, name, driver, count: lines.length };
}
