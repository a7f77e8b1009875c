import type { Curve, MetricName, StoredPoint } from '@chromatune/contracts';
import { describe, expect, it } from 'vitest';
import { follow, type FollowedCurve, LiveLedger, type PointsEvent } from './live-ledger.js';

describe('follow', () => {
  it('appends the points of its metric', () => {
    const next = follow(followed(3), event(3, [train(4), validation(5), train(6)]));

    expect(next.kind === 'merged' && seqs(next.followed)).toEqual([1, 2, 3, 4, 6]);
  });

  it('does not double points that it has already', () => {
    const next = follow(followed(4), event(2, [train(3), train(4), train(5)]));

    expect(next.kind === 'merged' && seqs(next.followed)).toEqual([1, 2, 3, 4, 5]);
  });

  it('leaves the curve as it is when an event comes twice', () => {
    const before = followed(4);

    expect(follow(before, event(2, [train(3), train(4)]))).toEqual({ kind: 'merged', followed: before });
  });

  it('says that something is missing when points between were never seen', () => {
    expect(follow(followed(3), event(5, [train(6)]))).toEqual({ kind: 'gap' });
  });

  it('says so when a new attempt begins, because it may have gone back', () => {
    expect(follow(followed(3), { ...event(0, [train(1)]), attempt: 2 })).toEqual({ kind: 'gap' });
  });

  it('drops what a fenced attempt still says', () => {
    const before = followed(3, 2);

    expect(follow(before, event(0, [train(1)]))).toEqual({ kind: 'merged', followed: before });
  });

  it('knows points of other metrics as seen, so that the next event is no gap', () => {
    const next = follow(followed(3), event(3, [validation(4), validation(5)]));
    const after = next.kind === 'merged' ? follow(next.followed, event(5, [train(6)])) : next;

    expect(after.kind === 'merged' && seqs(after.followed)).toEqual([1, 2, 3, 6]);
  });

  it('leaves out steps beyond the end of a zoomed curve, without a gap', () => {
    const next = follow(followed(3), event(3, [train(4), train(5)]), 4);

    expect(next.kind === 'merged' && seqs(next.followed)).toEqual([1, 2, 3, 4]);
    expect(next.kind === 'merged' && next.followed.covered.seq).toBe(5);
  });
});

describe('LiveLedger', () => {
  it('adds what came while the request was under way', () => {
    const ledger = new LiveLedger();
    ledger.record(event(0, [train(1), train(2)]));
    const seenBefore = ledger.lastSeen('s1-0');
    ledger.record(event(2, [train(3)]));

    const caughtUp = ledger.catchUp(curveUpTo(2), seenBefore);

    expect(seqs(caughtUp)).toEqual([1, 2, 3]);
  });

  it('adds nothing twice when the answer has it already', () => {
    const ledger = new LiveLedger();
    const seenBefore = ledger.lastSeen('s1-0');
    ledger.record(event(2, [train(3)]));

    expect(seqs(ledger.catchUp(curveUpTo(3), seenBefore))).toEqual([1, 2, 3]);
  });

  it('takes a rare metric for complete when its answer came after the announced points', () => {
    const ledger = new LiveLedger();
    ledger.record(event(40, [train(41)]));

    // the curve's own last point is number 3, but nothing of it lies between 3 and 41
    const caughtUp = ledger.catchUp(curveUpTo(3), ledger.lastSeen('s1-0'));

    expect(caughtUp.covered.seq).toBe(41);
    expect(follow(caughtUp, event(41, [train(42)])).kind).toBe('merged');
  });

  it('meets the whole history, whatever the order of answers and events', () => {
    for (let fetchedUpTo = 0; fetchedUpTo <= 10; fetchedUpTo++) {
      for (let seenAt = 0; seenAt <= fetchedUpTo; seenAt++) {
        const ledger = new LiveLedger();
        for (let seq = 1; seq <= seenAt; seq++) ledger.record(event(seq - 1, [train(seq)]));
        const seenBefore = ledger.lastSeen('s1-0');
        for (let seq = seenAt + 1; seq <= 10; seq++) ledger.record(event(seq - 1, [train(seq)]));

        expect(seqs(ledger.catchUp(curveUpTo(fetchedUpTo), seenBefore))).toEqual(range(1, 10));
      }
    }
  });
});

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const train = (seq: number) => pointOf(seq, 'train/loss');
const validation = (seq: number) => pointOf(seq, 'validation/loss');
const seqs = ({ curve }: FollowedCurve) => curve.buckets.map(({ stepTo }) => stepTo);

/** Step and seq are the same here, so that a curve shows which points it is made of. */
function pointOf(seq: number, metric: MetricName): StoredPoint {
  return {
    seq,
    metric,
    step: seq,
    epoch: seq / 10,
    value: 1 / seq,
    at: '2026-03-01T10:00:00Z',
    attempt: 1,
    superseded: false,
  };
}

const event = (afterSeq: number, points: StoredPoint[]): PointsEvent => ({
  type: 'points',
  runId: 's1-0',
  attempt: 1,
  afterSeq,
  points,
});

function curveUpTo(seq: number, attempt = 1): Curve {
  return {
    runId: 's1-0',
    metric: 'train/loss',
    buckets:
      seq === 0
        ? []
        : range(1, seq).map((step) => ({
            stepFrom: step,
            stepTo: step,
            epoch: step / 10,
            at: '2026-03-01T10:00:00Z',
            first: 1,
            last: 1,
            min: 1,
            max: 1,
            mean: 1,
            count: 1,
            nonFinite: 0,
          })),
    superseded: [],
    exact: true,
    cursor: { attempt, seq },
  };
}

const followed = (seq: number, attempt = 1): FollowedCurve => ({
  curve: curveUpTo(seq, attempt),
  covered: { attempt, seq },
});
