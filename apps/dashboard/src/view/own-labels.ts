import type { Run } from '@chromatune/contracts';

/** Labels name what varies within a sweep: where runs of several share one, as a reproduction does, their ids tell them apart. */
export function withOwnLabels<T extends Pick<Run, 'id' | 'label'>>(runs: readonly T[]): T[] {
  const isShared = ({ label }: T) => runs.filter((run) => run.label === label).length > 1;
  return runs.map((run) => (isShared(run) ? { ...run, label: `${run.label} (${run.id})` } : run));
}
