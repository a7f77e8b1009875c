import type { LiveEvent } from '@chromatune/contracts';

/** What one client of `GET /live` asked for. */
export interface LiveFilter {
  runs: ReadonlySet<string>;
  sweep: string | null;
}

/**
 * Points and samples go to those who named the run, or its sweep and no runs. Runs and sweeps go to those who named them,
 * or nothing. The rest is small and goes to everyone.
 */
export function isWanted(filter: LiveFilter, event: LiveEvent, sweepId: string | null): boolean {
  switch (event.type) {
    case 'points':
      return wantsMeasurements(filter, event.runId, sweepId);
    case 'sample':
      return wantsMeasurements(filter, event.sample.runId, sweepId);
    case 'run':
      return wantsRun(filter, event.run.id, sweepId);
    case 'sweep':
      return filter.sweep === null ? filter.runs.size === 0 : filter.sweep === event.sweepId;
    case 'hello':
    case 'trainers':
    case 'datasets':
      return true;
  }
}

export function wantsMeasurements(
  { runs, sweep }: LiveFilter,
  runId: string,
  sweepId: string | null,
): boolean {
  if (runs.size > 0) return runs.has(runId);
  return sweep !== null && sweep === sweepId;
}

export function wantsRun({ runs, sweep }: LiveFilter, runId: string, sweepId: string | null): boolean {
  if (runs.size === 0 && sweep === null) return true;
  return runs.has(runId) || (sweep !== null && sweep === sweepId);
}
