import type { Curve, CurveBucket, Measured } from '@chromatune/contracts';
import { describe, expect, it } from 'vitest';
import { bucketAtEpoch, emptyNote, toSeries } from './curve-series.js';

const startedAt = Date.parse('2026-03-01T10:00:00Z');
const bySteps = { x: 'step', log: false, smooth: 0, startedAt } as const;

describe('toSeries', () => {
  it('draws an exact curve through its points', () => {
    const series = toSeries(curveOf([point(1, 0.5), point(2, 0.4)]), bySteps);

    expect(xy(series.line)).toEqual([
      [1, 0.5],
      [2, 0.4],
    ]);
    expect(series.smooth).toBeNull();
  });

  it('keeps both extremes of a reduced bucket on the line', () => {
    const bucket = { ...point(1, 0.5), stepTo: 9, last: 0.3, min: 0.1, max: 7, count: 9 };

    expect(xy(toSeries(curveOf([bucket]), bySteps).line)).toEqual([
      [1, 0.5],
      [5, 0.1],
      [5, 7],
      [9, 0.3],
    ]);
  });

  it('breaks the line at a value that is not finite and marks it by name', () => {
    const series = toSeries(curveOf([point(1, 0.5), point(2, 'Infinity'), point(3, 0.4)]), bySteps);

    expect(series.line.map(({ y }) => Number.isNaN(y))).toEqual([false, true, false]);
    expect(series.nonFinite).toMatchObject([{ x: 2, value: 'Infinity' }]);
  });

  it('breaks the line on a logarithmic axis where a value is not above zero, and marks it', () => {
    const curve = curveOf([point(1, 0.5), point(2, 0), point(3, -0.1), point(4, 0.4)]);

    const series = toSeries(curve, { ...bySteps, log: true });

    expect(series.line.map(({ y }) => y)).toEqual([0.5, NaN, NaN, 0.4]);
    expect(series.notPositive.map(({ x }) => x)).toEqual([2, 3]);
    expect(toSeries(curve, bySteps).line.map(({ y }) => y)).toEqual([0.5, 0, -0.1, 0.4]);
    expect(toSeries(curve, bySteps).notPositive).toEqual([]);
  });

  it('marks a reduced bucket in which something between was NaN', () => {
    const bucket = { ...point(1, 0.5), stepTo: 9, last: 0.3, min: 0.3, max: 0.5, count: 9, nonFinite: 2 };

    expect(toSeries(curveOf([bucket]), bySteps).nonFinite).toMatchObject([{ x: 9, value: 'NaN' }]);
  });

  it('breaks the line where steps are missing', () => {
    const series = toSeries(curveOf([point(1, 0.5), point(2, 0.4), point(7, 0.3)]), bySteps);

    expect(series.line.map(({ x, y }) => (Number.isNaN(y) ? 'break' : x))).toEqual([1, 2, 'break', 7]);
  });

  it('does not take the way from epoch to epoch for a gap, but a missing epoch', () => {
    const at = (epoch: number) => ({ ...point(epoch * 10, 15), epoch });
    const curve = { ...curveOf([at(1), at(2), at(4)]), metric: 'validation/abRmse' as const };

    const { line } = toSeries(curve, { ...bySteps, x: 'epoch' });

    expect(line.map(({ x, y }) => (Number.isNaN(y) ? 'break' : x))).toEqual([1, 2, 'break', 4]);
  });

  it('breaks the line over time where the run stood still, though no step is missing', () => {
    const buckets = [1, 2, 3, 4, 5].map((step) => point(step, 1, step < 4 ? step : step + 3600));

    const { line } = toSeries(curveOf(buckets), { ...bySteps, x: 'time' });

    expect(line.map(({ x, y }) => (Number.isNaN(y) ? 'break' : x))).toEqual([1, 2, 3, 'break', 3604, 3605]);
  });

  it('places the first step of a reduced bucket at its own epoch', () => {
    const bucket = { ...point(20, 0.5), stepFrom: 11, epoch: 2, count: 10, min: 0.5, max: 0.5 };

    const { line } = toSeries(curveOf([bucket]), { ...bySteps, x: 'epoch' });

    expect(line[0]?.x).toBeCloseTo(1.1, 12);
    expect(line.at(-1)?.x).toBe(2);
  });

  it('keeps what a later attempt superseded as a branch of its own', () => {
    const curve = { ...curveOf([point(1, 0.5)]), superseded: [point(2, 0.9), point(3, 0.8)] };

    const series = toSeries(curve, bySteps);

    expect(xy(series.superseded)).toEqual([
      [2, 0.9],
      [3, 0.8],
    ]);
    expect(series.line).toHaveLength(1);
  });

  it('smooths behind nothing: the raw line stays', () => {
    const series = toSeries(curveOf([point(1, 1), point(2, 0), point(3, 1)]), { ...bySteps, smooth: 0.9 });

    expect(series.line.map(({ y }) => y)).toEqual([1, 0, 1]);
    expect(series.smooth?.[1]?.y).toBeGreaterThan(0.3);
  });
});

describe('bucketAtEpoch', () => {
  it('reads the last value at or before the cursor', () => {
    const curve = curveOf([
      { ...point(10, 16), epoch: 1 },
      { ...point(20, 15), epoch: 2 },
    ]);

    expect(bucketAtEpoch(curve, 1)?.last).toBe(16);
    expect(bucketAtEpoch(curve, 5)?.last).toBe(15);
    expect(bucketAtEpoch(curve, 0)).toBeNull();
  });
});

describe('a chart without a point', () => {
  const running = { state: 'running', latest: {} } as const;
  const ended = { ...running, state: 'completed' } as const;

  it('says that none came yet, as long as one may come', () => {
    expect(emptyNote([curveOf([])], [running])).toBe('No point yet.');
    expect(emptyNote([null, curveOf([])], [ended, running])).toBe('No point yet.');
  });

  it('says that none will come once its runs have ended', () => {
    expect(emptyNote([curveOf([])], [ended])).toBe('Not measured in this run.');
    expect(emptyNote([curveOf([]), null], [ended, ended])).toBe('Not measured in these runs.');
  });

  it('says that none will come where a run has validated without it', () => {
    const validated = { ...running, latest: { 'validation/abRmse': 14 } };

    expect(emptyNote([curveOf([])], [validated])).toBe('Not measured in this run.');
    expect(emptyNote([curveOf([]), curveOf([])], [validated, running])).toBe('No point yet.');
  });

  it('says nothing when any run has one, be it superseded', () => {
    expect(emptyNote([curveOf([]), curveOf([point(1, 'NaN')])], [ended, ended])).toBeNull();
    expect(emptyNote([{ ...curveOf([]), superseded: [point(1, 1)] }], [running])).toBeNull();
  });
});

const xy = (points: { x: number; y: number }[]) => points.map(({ x, y }) => [x, y]);

function point(step: number, value: Measured, second = step): CurveBucket {
  const finite = typeof value === 'number' ? value : null;
  return {
    stepFrom: step,
    stepTo: step,
    epoch: step / 10,
    at: new Date(startedAt + second * 1000).toISOString(),
    first: value,
    last: value,
    min: finite,
    max: finite,
    mean: finite,
    count: 1,
    nonFinite: finite === null ? 1 : 0,
  };
}

function curveOf(buckets: CurveBucket[]): Curve {
  return {
    runId: 's1-0',
    metric: 'train/loss',
    buckets,
    superseded: [],
    exact: true,
    cursor: { attempt: 1, seq: buckets.length },
  };
}
