import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { repository } from '@chromatune/test-support';

/** Figures mean something only beside the machine that they were measured on. */
export const machine = () => ({
  cpu: os.cpus()[0]?.model ?? 'unknown',
  cores: os.availableParallelism(),
  memoryGB: Math.round(os.totalmem() / 1e9),
  node: process.version,
  system: `${os.type()} ${os.release()}`,
});

/** Processes that wanted a core, mean of the last minute: above the number of cores, others were in the way. */
export const load = (): number => os.loadavg()[0]!;

/** The commit that is checked out, with `+` when files differ from it; null outside a repository. */
export function commit(): string | null {
  const git = (...args: string[]) =>
    spawnSync('git', args, { cwd: repository, encoding: 'utf8' }).stdout?.trim();
  const head = git('rev-parse', '--short', 'HEAD');
  return head ? head + (git('status', '--porcelain', '--untracked-files=no') ? '+' : '') : null;
}
