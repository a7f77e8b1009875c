import { isEnded, type Run } from '@chromatune/contracts';

/**
 * Seconds until a sweep ends, from the epochs that its runs trained in the time since the first began. Null while
 * nothing can be said: nothing runs, or not even an epoch is done.
 */
export function secondsLeft(
  runs: readonly Pick<Run, 'state' | 'epoch' | 'epochs' | 'startedAt'>[],
  plannedRuns: number,
  now: number,
): number | null {
  const begun = runs.flatMap(({ startedAt }) => (startedAt === null ? [] : [Date.parse(startedAt)]));
  const epochsEach = Math.max(0, ...runs.map(({ epochs }) => epochs));
  const isRunning = runs.some(({ state }) => state === 'running');
  const done = runs.reduce(
    (sum, run) => sum + (isEnded(run.state) ? run.epochs : Math.min(run.epoch, run.epochs)),
    0,
  );
  const trained = runs.reduce((sum, { epoch }) => sum + epoch, 0);
  if (!isRunning || begun.length === 0 || trained < 1) return null;
  const seconds = (now - Math.min(...begun)) / 1000;
  return (Math.max(0, plannedRuns * epochsEach - done) * seconds) / trained;
}
