import type { Run, Sweep } from '@chromatune/contracts';
import { Age, useNow } from '../ui/age.js';
import { formatDuration } from '../ui/format.js';
import { secondsLeft } from '../view/expected-end.js';

interface Props {
  sweep: Pick<Sweep, 'state' | 'plannedRuns' | 'endedAt'>;
  runs: readonly Run[];
}

/** When a sweep ended, or when it is expected to. */
export function EndOfSweep({ sweep, runs }: Props) {
  const now = useNow();
  if (sweep.endedAt) return <Age instant={sweep.endedAt} />;
  if (sweep.state === 'paused') return <>paused</>;
  const seconds = secondsLeft(runs, sweep.plannedRuns, now);
  return <>{seconds === null ? 'not known yet' : `in ${formatDuration(seconds)}`}</>;
}
