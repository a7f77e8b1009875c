import { type Curve, type CurveBucket, type MetricName, toMeasured } from '@chromatune/contracts';
import { type Session, type Sql } from '../session.js';

export interface CurvesRequest {
  runIds: string[];
  metrics: MetricName[];
  /** Most buckets of one curve, 1 to 10,000. Up to as many points are given one by one. */
  buckets: number;
  /** Only steps from here, included. */
  fromStep?: number;
  /** Only steps up to here, included. */
  toStep?: number;
}

/** Runs at a time: a page of many curves must leave connections to the trainers. */
const parallelRuns = 3;

export async function readCurves(session: Session, request: CurvesRequest): Promise<Curve[]> {
  const buckets = Math.min(Math.max(1, Math.floor(request.buckets)), 10_000);
  const curves = new Map<string, Curve[]>();
  const waiting = [...new Set(request.runIds)];
  const work = async () => {
    for (let runId = waiting.shift(); runId !== undefined; runId = waiting.shift()) {
      const id = runId;
      curves.set(id, await session.snapshot((sql) => curvesOfRun(sql, id, { ...request, buckets })));
    }
  };
  await Promise.all(Array.from({ length: parallelRuns }, work));
  return request.runIds.flatMap((runId) => curves.get(runId) ?? []);
}

async function curvesOfRun(sql: Sql, runId: string, request: CurvesRequest): Promise<Curve[]> {
  const curves: Curve[] = [];
  for (const metric of request.metrics) curves.push(await curveOf(sql, runId, metric, request));
  return curves;
}

async function curveOf(sql: Sql, runId: string, metric: MetricName, request: CurvesRequest): Promise<Curve> {
  const range = { runId, metric, fromStep: request.fromStep ?? 0, toStep: request.toStep ?? 2 ** 31 - 1 };
  const rows = (await hasAtMost(sql, range, request.buckets))
    ? await readPoints(sql, range)
    : await readBuckets(sql, range, request.buckets);
  return {
    runId,
    metric,
    buckets: rows.filter((row) => !row.superseded).map(toBucket),
    superseded: rows.filter((row) => row.superseded).map(toBucket),
    exact: rows.every((row) => row.count === 1),
    cursor: await readCursor(sql, runId, metric),
  };
}

interface Range {
  runId: string;
  metric: MetricName;
  fromStep: number;
  toStep: number;
}

interface BucketRow extends Omit<CurveBucket, 'at' | 'first' | 'last'> {
  superseded: boolean;
  at: Date;
  first: number;
  last: number;
}

const inRange = `p.run_id = $1 AND p.metric = $2 AND p.step BETWEEN $3 AND $4`;
const valuesOf = ({ runId, metric, fromStep, toStep }: Range) => [runId, metric, fromStep, toStep];

/** Reads no further than it must. */
async function hasAtMost(sql: Sql, range: Range, limit: number): Promise<boolean> {
  const row = await sql.row<{ count: number }>(
    `SELECT count(*)::int AS count FROM (SELECT 1 FROM points p WHERE ${inRange} LIMIT $5) AS first_points`,
    [...valuesOf(range), limit + 1],
  );
  return row!.count <= limit;
}

/** Null for NaN and the infinities, which aggregates then leave out. */
const finite = `CASE WHEN p.value > '-Infinity' AND p.value < 'Infinity' THEN p.value END`;

function readPoints(sql: Sql, range: Range): Promise<BucketRow[]> {
  return sql.rows<BucketRow>(
    `SELECT p.step AS step_from, p.step AS step_to, p.epoch, p.at, p.value AS first, p.value AS last, 1 AS count,
       ${finite} AS min, ${finite} AS max, ${finite} AS mean, num_nulls(${finite}) AS non_finite,
       coalesce(p.step > c.cut_step, false) AS superseded
     FROM points p JOIN attempt_cuts c ON c.run_id = p.run_id AND c.attempt = p.attempt
     WHERE ${inRange} ORDER BY p.step, p.attempt, p.seq`,
    valuesOf(range),
  );
}

/**
 * One pass groups by equal stretches of steps; the first and last point of each are then looked up in the index,
 * which is far cheaper than sorting every group.
 */
function readBuckets(sql: Sql, range: Range, buckets: number): Promise<BucketRow[]> {
  return sql.rows<BucketRow>(
    `WITH ends AS (
       SELECT (SELECT min(p.step) FROM points p WHERE ${inRange}) AS low, (SELECT max(p.step) FROM points p WHERE ${inRange}) AS high
     ), grid AS (
       SELECT low, greatest(1, ceil((high - low + 1)::float8 / $5))::int AS width FROM ends
     ), numbers AS (
       SELECT coalesce(p.step > c.cut_step, false) AS superseded, (p.step - grid.low) / grid.width AS bucket, p.step, ${finite} AS value
       FROM grid, points p JOIN attempt_cuts c ON c.run_id = p.run_id AND c.attempt = p.attempt
       WHERE ${inRange}
     ), grouped AS (
       SELECT superseded, bucket, min(step) AS step_from, max(step) AS step_to, count(*)::int AS count,
         min(value) AS min, max(value) AS max, avg(value) AS mean, (count(*) - count(value))::int AS non_finite
       FROM numbers GROUP BY superseded, bucket
     )
     SELECT grouped.*, earliest.value AS first, latest.value AS last, latest.epoch, latest.at
     FROM grouped
     CROSS JOIN LATERAL (${endOfBucket('step_from', 'ASC')}) AS earliest
     CROSS JOIN LATERAL (${endOfBucket('step_to', 'DESC')}) AS latest
     ORDER BY superseded, bucket`,
    [...valuesOf(range), buckets],
  );
}

const endOfBucket = (step: string, order: 'ASC' | 'DESC') => `
  SELECT p.value, p.epoch, p.at FROM points p JOIN attempt_cuts c ON c.run_id = p.run_id AND c.attempt = p.attempt
  WHERE p.run_id = $1 AND p.metric = $2 AND p.step = grouped.${step}
    AND coalesce(p.step > c.cut_step, false) = grouped.superseded
  ORDER BY p.attempt ${order}, p.seq ${order} LIMIT 1`;

/** The newest point of the metric, whatever the range: what comes after it a client has not seen. */
async function readCursor(sql: Sql, runId: string, metric: MetricName): Promise<Curve['cursor']> {
  const row = await sql.row<Curve['cursor']>(
    `SELECT attempt, seq FROM points WHERE run_id = $1 AND metric = $2 ORDER BY attempt DESC, seq DESC LIMIT 1`,
    [runId, metric],
  );
  return row ?? { attempt: 0, seq: 0 };
}

const toBucket = (row: BucketRow): CurveBucket => ({
  stepFrom: row.stepFrom,
  stepTo: row.stepTo,
  epoch: row.epoch,
  at: row.at.toISOString(),
  first: toMeasured(row.first),
  last: toMeasured(row.last),
  min: row.min,
  max: row.max,
  mean: row.mean,
  count: row.count,
  nonFinite: row.nonFinite,
});
