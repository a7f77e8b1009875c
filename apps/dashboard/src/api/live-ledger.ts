import type { Curve, CurveBucket, LiveEvent, StoredPoint } from '@chromatune/contracts';

export type PointsEvent = Extract<LiveEvent, { type: 'points' }>;

/** A curve with the last sequence number of its attempt up to which it is known to miss nothing. */
export interface FollowedCurve {
  curve: Curve;
  covered: { attempt: number; seq: number };
}

export type Followed = { kind: 'merged'; followed: FollowedCurve } | { kind: 'gap' };

/** Points events kept a run: they are replayed onto curves whose request was under way when they arrived. */
const keptEvents = 400;

/**
 * Remembers the points that came live, so that a fetched curve can be brought up to date without a gap or a double.
 *
 * `seq` counts all metrics of an attempt together, so a curve of one metric cannot tell from its own last point whether
 * it misses something. But whatever had been announced before its request began is in the answer: `lastSeen` at that
 * moment is a promise of completeness, and `follow` extends it event by event.
 */
export class LiveLedger {
  private readonly events = new Map<string, PointsEvent[]>();

  record(event: PointsEvent): void {
    const events = this.events.get(event.runId) ?? [];
    events.push(event);
    if (events.length > keptEvents) events.splice(0, events.length - keptEvents);
    this.events.set(event.runId, events);
  }

  /** Last announced point of a run: note it before a request begins. */
  lastSeen(runId: string): { attempt: number; seq: number } {
    const last = this.events.get(runId)?.at(-1);
    return last
      ? { attempt: last.attempt, seq: last.points.at(-1)?.seq ?? last.afterSeq }
      : { attempt: 0, seq: 0 };
  }

  /** Brings a freshly fetched curve up to date. `seenBefore` is `lastSeen` of the moment its request began. */
  catchUp(curve: Curve, seenBefore: { attempt: number; seq: number }): FollowedCurve {
    const { attempt, seq } = curve.cursor;
    const covered = {
      attempt: Math.max(attempt, seenBefore.attempt),
      seq:
        seenBefore.attempt > attempt
          ? seenBefore.seq
          : Math.max(seq, seenBefore.attempt === attempt ? seenBefore.seq : 0),
    };
    let followed: FollowedCurve = { curve, covered };
    for (const event of this.events.get(curve.runId) ?? []) {
      const next = follow(followed, event);
      if (next.kind === 'merged') followed = next.followed;
    }
    return followed;
  }
}

/** Adds the points of one event to a curve, or says that something between is missing and the curve must be fetched. */
export function follow(followed: FollowedCurve, event: PointsEvent, toStep = Infinity): Followed {
  const { curve, covered } = followed;
  if (event.attempt < covered.attempt) return { kind: 'merged', followed };
  // A new attempt may have resumed from an earlier step: the branch it replaces has to be asked for.
  if (event.attempt > covered.attempt) return { kind: 'gap' };
  if (event.afterSeq > covered.seq) return { kind: 'gap' };

  const lastSeq = event.points.at(-1)?.seq ?? event.afterSeq;
  if (lastSeq <= covered.seq) return { kind: 'merged', followed };

  const added = event.points.filter(
    (point) => point.seq > covered.seq && point.metric === curve.metric && point.step <= toStep,
  );
  return {
    kind: 'merged',
    followed: {
      covered: { attempt: event.attempt, seq: lastSeq },
      curve:
        added.length === 0
          ? curve
          : {
              ...curve,
              buckets: [...curve.buckets, ...added.map(toBucket)],
              cursor: { attempt: event.attempt, seq: added.at(-1)?.seq ?? curve.cursor.seq },
            },
    },
  };
}

function toBucket({ step, epoch, at, value }: StoredPoint): CurveBucket {
  const finite = typeof value === 'number' ? value : null;
  return {
    stepFrom: step,
    stepTo: step,
    epoch,
    at,
    first: value,
    last: value,
    min: finite,
    max: finite,
    mean: finite,
    count: 1,
    nonFinite: finite === null ? 1 : 0,
  };
}
