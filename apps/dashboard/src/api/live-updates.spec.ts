import type { LiveEvent, Run, Sample } from '@chromatune/contracts';
import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FollowedCurve, LiveLedger } from './live-ledger.js';
import { addSample, LiveUpdates } from './live-updates.js';

describe('LiveUpdates', () => {
  let client: QueryClient;
  let updates: LiveUpdates;
  const key = ['curve', 's1-0', 'train/loss', 1000, null];
  const curveSteps = () => client.getQueryData<FollowedCurve>(key)?.curve.buckets.map(({ stepTo }) => stepTo);
  const isStale = (queryKey: unknown[]) => client.getQueryState(queryKey)?.isInvalidated;

  beforeEach(() => {
    vi.useFakeTimers();
    client = new QueryClient();
    updates = new LiveUpdates(client, new LiveLedger());
    client.setQueryData(key, emptyCurve());
  });
  afterEach(() => {
    vi.useRealTimers();
    client.clear();
  });

  it('shows points of many messages after one short wait', () => {
    updates.apply(points(0, [1, 2]));
    updates.apply(points(2, [3]));
    expect(curveSteps()).toEqual([]);

    vi.advanceTimersByTime(250);

    expect(curveSteps()).toEqual([1, 2, 3]);
    expect(isStale(key)).toBe(false);
  });

  it('asks for the curve anew when points are missing, and keeps showing it', () => {
    updates.apply(points(5, [6]));
    vi.advanceTimersByTime(250);

    expect(isStale(key)).toBe(true);
    expect(curveSteps()).toEqual([]);
  });

  it('asks for a reduced curve when very many points have come one by one', () => {
    updates.apply(
      points(
        0,
        Array.from({ length: 4001 }, (_, index) => index + 1),
      ),
    );
    vi.advanceTimersByTime(250);

    expect(isStale(key)).toBe(true);
  });

  it('puts a changed run into the list of its sweep', () => {
    client.setQueryData(['sweep-runs', 's1'], [run({ id: 's1-0' }), run({ id: 's1-1' })]);

    updates.apply({ type: 'run', run: run({ id: 's1-1', epoch: 3 }) });

    expect(client.getQueryData<Run[]>(['sweep-runs', 's1'])?.map(({ epoch }) => epoch)).toEqual([0, 3]);
    expect(isStale(['sweep-runs', 's1'])).toBe(false);
  });

  it('asks for the list when the run is new in it', () => {
    client.setQueryData(['sweep-runs', 's1'], [run({ id: 's1-0' })]);

    updates.apply({ type: 'run', run: run({ id: 's1-1' }) });

    expect(isStale(['sweep-runs', 's1'])).toBe(true);
  });

  it.each([
    ['state', { state: 'completed' as const }],
    ['whole epoch', { epoch: 1.2 }],
    ['best value', { best: { 'validation/psnr': { value: 21, epoch: 1, step: 6 } } }],
  ])('asks for the sweep once a second when the %s of its runs changed', (_, change) => {
    client.setQueryData(['sweep-runs', 's1'], [run({ id: 's1-0' }), run({ id: 's1-1' })]);
    client.setQueryData(['sweep', 's1'], {});
    client.setQueryData(['sweeps'], []);

    updates.apply({ type: 'run', run: run({ id: 's1-0', ...change }) });
    updates.apply({ type: 'run', run: run({ id: 's1-1', ...change }) });
    expect(isStale(['sweep', 's1'])).toBe(false);
    vi.advanceTimersByTime(1000);

    expect(isStale(['sweep', 's1'])).toBe(true);
    expect(isStale(['sweeps'])).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves the sweep alone within an epoch', () => {
    client.setQueryData(['sweep-runs', 's1'], [run({ epoch: 1.2 })]);
    client.setQueryData(['sweep', 's1'], {});

    updates.apply({
      type: 'run',
      run: run({ epoch: 1.9, best: { 'train/loss': { value: 1, epoch: 1.9, step: 9 } } }),
    });
    vi.advanceTimersByTime(1000);

    expect(isStale(['sweep', 's1'])).toBe(false);
  });

  it('asks for the details of an ended run again: it got its verdict', () => {
    client.setQueryData(['run', 's1-0'], { ...run({ state: 'completed' }), attempts: [] });

    updates.apply({ type: 'run', run: run({ state: 'completed' }) });

    expect(isStale(['run', 's1-0'])).toBe(true);
  });

  it.each(['trainers', 'datasets'] as const)(
    'asks for the plan of a new sweep again when %s change',
    (type) => {
      client.setQueryData(['plan', 'name: a'], {});

      updates.apply({ type });

      expect(isStale(['plan', 'name: a'])).toBe(true);
    },
  );

  it('fetches everything but what is immutable after a reconnect', () => {
    client.setQueryData(['sweeps'], []);
    client.setQueryData(['dataset-version', 'abc'], {});

    updates.refetchAll();

    expect(isStale(['sweeps'])).toBe(true);
    expect(isStale(['dataset-version', 'abc'])).toBe(false);
  });
});

describe('addSample', () => {
  it('keeps epochs in order and the newest attempt of each', () => {
    const samples = [sample(1, 1), sample(3, 1)];

    expect(addSample(samples, sample(2, 1)).map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(addSample(samples, sample(3, 2)).map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(addSample([sample(3, 2)], sample(3, 1)).map(({ attempt }) => attempt)).toEqual([2]);
  });
});

const points = (afterSeq: number, seqs: number[]): LiveEvent => ({
  type: 'points',
  runId: 's1-0',
  attempt: 1,
  afterSeq,
  points: seqs.map((seq) => ({
    seq,
    metric: 'train/loss',
    step: seq,
    epoch: seq / 10,
    value: 1,
    at: '2026-03-01T10:00:00Z',
    attempt: 1,
    superseded: false,
  })),
});

const emptyCurve = (): FollowedCurve => ({
  curve: {
    runId: 's1-0',
    metric: 'train/loss',
    buckets: [],
    superseded: [],
    exact: true,
    cursor: { attempt: 1, seq: 0 },
  },
  covered: { attempt: 1, seq: 0 },
});

const run = (more: Partial<Run>): Run =>
  ({
    id: 's1-0',
    sweepId: 's1',
    state: 'running',
    attempt: 1,
    epoch: 0,
    best: {},
    reproductionOf: null,
    ...more,
  }) as Run;

const sample = (epoch: number, attempt: number): Sample => ({
  runId: 's1-0',
  attempt,
  epoch,
  step: epoch,
  key: 'k',
  tileSize: 128,
  images: [],
  at: '2026-03-01T10:00:00Z',
});
