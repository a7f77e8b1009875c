import {
  isEnded,
  type LiveEvent,
  objectiveMetric,
  type Run,
  type RunDetail,
  type Sample,
} from '@chromatune/contracts';
import type { QueryClient } from '@tanstack/react-query';
import type { StepRange } from './client.js';
import { groupBy } from './group-by.js';
import { follow, type FollowedCurve, type LiveLedger, type PointsEvent } from './live-ledger.js';

/**
 * Brings live events into the query cache. Points are gathered and merged a few times a second, so that a fast run
 * costs one redraw for many points and each is still on the screen well within a second.
 */
export class LiveUpdates {
  private readonly pending: PointsEvent[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Sweeps whose counts and best value a run has changed, until they are fetched. */
  private readonly outdatedSweeps = new Set<string>();

  constructor(
    private readonly client: QueryClient,
    private readonly ledger: LiveLedger,
    private readonly mergeEveryMs = 200,
    private readonly sweepsEveryMs = 1000,
  ) {}

  apply(event: LiveEvent): void {
    switch (event.type) {
      case 'hello':
        return;
      case 'points':
        this.ledger.record(event);
        this.pending.push(event);
        this.timer ??= setTimeout(() => this.mergePoints(), this.mergeEveryMs);
        return;
      case 'run':
        return this.applyRun(event.run);
      case 'sweep':
        this.refetch(['sweeps'], ['sweep', event.sweepId], ['sweep-runs', event.sweepId]);
        return;
      case 'sample':
        return this.applySample(event.sample);
      case 'trainers':
        this.refetch(['trainers'], ['plan']); // which says how runs fit their memory
        return;
      case 'datasets':
        this.refetch(['datasets'], ['dataset'], ['plan']);
    }
  }

  /** After a reconnect, anything may have changed but what is immutable. */
  refetchAll(): void {
    void this.client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'dataset-version' });
  }

  /** Runs that are followed from now on: what happened between their first fetch and now may be missing. */
  refetchRuns(runIds: readonly string[]): void {
    for (const id of runIds) this.refetch(['curve', id], ['samples', id]);
  }

  private mergePoints(): void {
    this.timer = undefined;
    const events = this.pending.splice(0);
    for (const [runId, ofRun] of groupBy(events, (event) => event.runId)) {
      for (const query of this.client.getQueryCache().findAll({ queryKey: ['curve', runId] })) {
        const range = query.queryKey[4] as StepRange | null;
        const before = query.state.data as FollowedCurve | null | undefined;
        if (!before) continue;
        const after = followAll(before, ofRun, range?.to);
        const grown =
          after !== 'gap' && after.curve.buckets.length > mostBuckets(query.queryKey[3] as number);
        if (after === 'gap' || grown)
          void this.client.invalidateQueries({ queryKey: query.queryKey, exact: true });
        else if (after !== before) this.client.setQueryData(query.queryKey, after);
      }
    }
  }

  private applyRun(run: Run): void {
    const before = this.client.getQueryData<RunDetail>(['run', run.id]);
    if (before) {
      this.client.setQueryData(['run', run.id], { ...before, ...run });
      const changed = before.state !== run.state || before.attempt !== run.attempt;
      // An ended run is only spoken of again when it got a verdict or a reproduction.
      const isNews = changed || isEnded(before.state);
      if (isNews || Math.floor(before.epoch) !== Math.floor(run.epoch)) {
        this.refetch(['run', run.id], ['log', run.id]);
      }
    }
    if (run.sweepId) {
      const ofSweep = this.client.getQueryData<Run[]>(['sweep-runs', run.sweepId]);
      if (changesSweep(ofSweep?.find(({ id }) => id === run.id) ?? before, run)) {
        this.refetchSweepSoon(run.sweepId);
      }
      const inSweep = replaceRun(ofSweep, run);
      if (inSweep) this.client.setQueryData(['sweep-runs', run.sweepId], inSweep);
      else this.refetch(['sweep-runs', run.sweepId]);
    }
    for (const query of this.client.getQueryCache().findAll({ queryKey: ['runs'] })) {
      const replaced = replaceRun(query.state.data as Run[] | undefined, run);
      if (replaced) this.client.setQueryData(query.queryKey, replaced);
    }
  }

  private applySample(sample: Sample): void {
    this.client.setQueryData<Sample[]>(
      ['samples', sample.runId],
      (before) => before && addSample(before, sample),
    );
  }

  /** Many runs may end an epoch at once: the sweep is fetched once for all of them. */
  private refetchSweepSoon(sweepId: string): void {
    if (this.outdatedSweeps.size === 0) setTimeout(() => this.refetchSweeps(), this.sweepsEveryMs);
    this.outdatedSweeps.add(sweepId);
  }

  private refetchSweeps(): void {
    this.refetch(['sweeps'], ...[...this.outdatedSweeps].map((id) => ['sweep', id]));
    this.outdatedSweeps.clear();
  }

  private refetch(...keys: string[][]): void {
    for (const queryKey of keys) void this.client.invalidateQueries({ queryKey });
  }
}

/** Live points are kept one by one: when many have come, the curve is asked for anew, reduced. */
const mostBuckets = (asked: number) => 4 * asked;

/** Newest attempt's sample an epoch, in the order of epochs. */
export function addSample(before: readonly Sample[], sample: Sample): Sample[] {
  const same = before.find(({ epoch }) => epoch === sample.epoch);
  if (same && same.attempt > sample.attempt) return [...before];
  return [...before.filter(({ epoch }) => epoch !== sample.epoch), sample].sort((a, b) => a.epoch - b.epoch);
}

function followAll(before: FollowedCurve, events: PointsEvent[], toStep?: number): FollowedCurve | 'gap' {
  let followed = before;
  for (const event of events) {
    const next = follow(followed, event, toStep);
    if (next.kind === 'gap') return 'gap';
    followed = next.followed;
  }
  return followed;
}

/** What a sweep says of its runs follows from their states and from what whole epochs measured, a while after them. */
const changesSweep = (before: Run | undefined, after: Run) =>
  before?.state !== after.state ||
  Math.floor(before.epoch) !== Math.floor(after.epoch) ||
  objectiveMetric.options.some((metric) => before.best[metric]?.value !== after.best[metric]?.value);

/** Null when the list is not there or does not have the run. */
function replaceRun(runs: Run[] | undefined, run: Run): Run[] | null {
  const index = runs?.findIndex(({ id }) => id === run.id) ?? -1;
  return runs && index >= 0 ? runs.with(index, run) : null;
}
