import {
  type Curve,
  type CurveBucket,
  fromMeasured,
  isEnded,
  type Measured,
  metricCatalogue,
  type Run,
} from '@chromatune/contracts';
import type { XAxis } from '../view/view-state.js';
import { movingAverage } from './smoothing.js';

/** A point of a line; `y` is NaN where the line is broken. */
export interface LinePoint {
  x: number;
  y: number;
  epoch: number;
}

export interface NonFiniteMark {
  x: number;
  epoch: number;
  value: Measured;
}

/** A curve as a chart draws it. Every extreme of the data is on `line`. */
export interface CurveSeries {
  line: LinePoint[];
  /** The smoothed line, null without smoothing. */
  smooth: LinePoint[] | null;
  /** What a lost attempt had measured beyond the step that the next one resumed from. */
  superseded: LinePoint[];
  nonFinite: NonFiniteMark[];
  /** Values of zero and less on a logarithmic axis, which has no place for them. */
  notPositive: LinePoint[];
}

export interface SeriesOptions {
  x: XAxis;
  log: boolean;
  /** Weight of the moving average, 0 for none. */
  smooth: number;
  /** Where time begins, in milliseconds since 1970: usually the run's start. */
  startedAt: number;
}

export function toSeries(curve: Curve, options: SeriesOptions): CurveSeries {
  const stretches = toStretches(curve, curve.buckets, options);
  const line = linesOf(stretches);
  const drawable = options.log ? brokenAtZero : (points: LinePoint[]) => points;
  return {
    line: drawable(line),
    smooth: options.smooth > 0 ? drawable(smoothOf(stretches, options.smooth)) : null,
    superseded: drawable(linesOf(toStretches(curve, curve.superseded, options))),
    notPositive: options.log ? line.filter(({ y }) => y <= 0) : [],
    nonFinite: stretches.flatMap(({ bucket, xTo }) =>
      bucket.nonFinite > 0 ? [{ x: xTo, epoch: bucket.epoch, value: worstOf(bucket) }] : [],
    ),
  };
}

/**
 * What a chart without a point says; null where it has one. A run that has validated or ended will not measure it any more:
 * its recipe does not ask for the metric, or it ended before the first validation.
 */
export function emptyNote(
  curves: readonly (Curve | null)[],
  runs: readonly Pick<Run, 'state' | 'latest'>[],
): string | null {
  if (curves.some((curve) => curve && curve.buckets.length + curve.superseded.length > 0)) return null;
  const mayCome = ({ state, latest }: Pick<Run, 'state' | 'latest'>) =>
    !isEnded(state) && latest['validation/abRmse'] === undefined;
  if (runs.some(mayCome)) return 'No point yet.';
  return runs.length === 1 ? 'Not measured in this run.' : 'Not measured in these runs.';
}

/** The value of the last bucket that was measured at or before an epoch, to read a curve at the cursor. */
export function bucketAtEpoch(curve: Curve, epoch: number): CurveBucket | null {
  return curve.buckets.findLast((bucket) => bucket.epoch <= epoch + 1e-6) ?? null;
}

/** A bucket with its place on the x axis. `afterGap`: nothing was measured just before it, though something should be. */
interface Stretch {
  bucket: CurveBucket;
  xFrom: number;
  xTo: number;
  afterGap: boolean;
}

function toStretches(curve: Curve, buckets: readonly CurveBucket[], options: SeriesOptions): Stretch[] {
  const longPause = options.x === 'time' ? longestUsualPause(buckets) : Infinity;
  return buckets.map((bucket, index) => {
    const before = buckets[index - 1];
    const pause = before ? Date.parse(bucket.at) - Date.parse(before.at) : 0;
    const afterGap = before !== undefined && (isGap(curve, before, bucket) || pause > longPause);
    const xTo = xOf(bucket, bucket.stepTo, options);
    // Only the last instant of a bucket is known: it begins where the one before it ended.
    const xFrom =
      options.x === 'time'
        ? before && !afterGap && bucket.count > 1
          ? xOf(before, before.stepTo, options)
          : xTo
        : xOf(bucket, bucket.stepFrom, options);
    return { bucket, xFrom, xTo, afterGap };
  });
}

function xOf(bucket: CurveBucket, step: number, { x, startedAt }: SeriesOptions): number {
  if (x === 'step') return step;
  if (x === 'epoch') return epochAt(bucket, step);
  return (Date.parse(bucket.at) - startedAt) / 1000;
}

/** Epochs are steps over a constant, so one pair of both gives any other. */
const epochAt = (bucket: CurveBucket, step: number) =>
  bucket.stepTo > 0 ? (bucket.epoch * step) / bucket.stepTo : bucket.epoch;

function isGap(curve: Curve, before: CurveBucket, bucket: CurveBucket): boolean {
  return metricCatalogue[curve.metric].per === 'step'
    ? bucket.stepFrom > before.stepTo + 1
    : epochAt(bucket, bucket.stepFrom) - before.epoch > 1.001;
}

/** Pauses longer than this break the line over time: the run was paused, lost or waiting. */
function longestUsualPause(buckets: readonly CurveBucket[]): number {
  const pauses = buckets
    .slice(1)
    .map(({ at }, index) => Date.parse(at) - Date.parse(buckets[index]?.at ?? at));
  const median = pauses.sort((a, b) => a - b)[Math.floor(pauses.length / 2)] ?? 0;
  return Math.max(30_000, 20 * median);
}

/** A reduced bucket becomes first, both extremes, last: whatever spike was in it is on the line. */
function linesOf(stretches: readonly Stretch[]): LinePoint[] {
  return stretches.flatMap(({ bucket, xFrom, xTo, afterGap }) => {
    const at = (x: number, y: number): LinePoint => ({ x, y, epoch: bucket.epoch });
    const points =
      bucket.count === 1
        ? [at(xTo, fromMeasured(bucket.last))]
        : [
            at(xFrom, fromMeasured(bucket.first)),
            ...(bucket.min === null ? [] : [at((xFrom + xTo) / 2, bucket.min)]),
            ...(bucket.max === null ? [] : [at((xFrom + xTo) / 2, bucket.max)]),
            at(xTo, fromMeasured(bucket.last)),
          ];
    const drawn = points.map((point) => (Number.isFinite(point.y) ? point : { ...point, y: NaN }));
    return afterGap ? [breakAt(xFrom, bucket.epoch), ...drawn] : drawn;
  });
}

function smoothOf(stretches: readonly Stretch[], weight: number): LinePoint[] {
  const averages = movingAverage(
    stretches.map(({ bucket }) => ({ value: bucket.mean, count: bucket.count })),
    weight,
  );
  return stretches.flatMap(({ bucket, xFrom, xTo, afterGap }, index) => {
    const point = { x: (xFrom + xTo) / 2, y: averages[index] ?? NaN, epoch: bucket.epoch };
    return afterGap ? [breakAt(xFrom, bucket.epoch), point] : [point];
  });
}

const brokenAtZero = (points: LinePoint[]) =>
  points.map((point) => (point.y <= 0 ? { ...point, y: NaN } : point));

const breakAt = (x: number, epoch: number): LinePoint => ({ x, y: NaN, epoch });

/** Which non-finite value to name: the last if it is one, else the first, else NaN somewhere between. */
function worstOf({ first, last }: CurveBucket): Measured {
  if (typeof last === 'string') return last;
  return typeof first === 'string' ? first : 'NaN';
}
