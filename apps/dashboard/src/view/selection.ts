import { type Run, isEnded } from '@chromatune/contracts';
import { byObjective, type Objective } from './objective.js';

/** As many as curves and pictures stay readable with. */
export const shownAtFirst = 6;

/**
 * Runs that a page shows before anyone chose: of a sweep that has ended the best ones; while it runs the first ones, so
 * that the selection does not change under the eyes as results come.
 */
export function defaultSelection(runs: readonly Run[], objective: Objective): string[] {
  const started = runs.filter(({ startedAt }) => startedAt !== null);
  const ended = runs.length > 0 && runs.every(({ state }) => isEnded(state));
  const chosen = ended
    ? [...started].sort(byObjective(objective)).slice(0, shownAtFirst)
    : started.slice(0, shownAtFirst);
  const ids = new Set(chosen.map(({ id }) => id));
  return runs.filter(({ id }) => ids.has(id)).map(({ id }) => id);
}

/** Why no run is shown: none is ticked, or none has started that would be shown by itself. */
export function whyNoneShown(
  runs: readonly Pick<Run, 'state' | 'note'>[],
  chosen: readonly string[] | null,
): string {
  if (chosen !== null) return 'Tick runs in the table to see their curves and samples.';
  if (runs.length > 0 && runs.every(({ state }) => isEnded(state))) return 'No run was started.';
  const note = runs.find((run) => run.note)?.note;
  return `No run has started yet${note ? `: ${note}` : ''}.`;
}

/** The epochs that slider and cursor move over. */
export interface EpochRange {
  first: number;
  newest: number;
  planned: number;
}

export function epochRange(
  runs: readonly Run[],
  sampledEpochs: readonly (readonly { epoch: number }[])[],
): EpochRange {
  const sampled = sampledEpochs.flat().map(({ epoch }) => epoch);
  const trained = runs.map(({ epoch }) => Math.floor(epoch));
  return {
    first: sampled.length > 0 ? Math.min(...sampled) : 1,
    newest: Math.max(0, ...(sampled.length > 0 ? sampled : trained)),
    planned: Math.max(1, ...runs.map(({ epochs }) => epochs)),
  };
}
