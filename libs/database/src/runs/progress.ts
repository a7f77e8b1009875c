import {
  fromMeasured,
  type Measured,
  metricCatalogue,
  type MetricName,
  type Point,
  type Run,
  toMeasured,
} from '@chromatune/contracts';
import { type Sql } from '../session.js';

/** What a run's row says about how far it is. */
export type Progress = Pick<Run, 'step' | 'epoch' | 'latest' | 'best'>;
type ProgressPoint = Pick<Point, 'metric' | 'step' | 'epoch' | 'value'>;

/** Adds points in the order in which they were measured. */
export function addPoints(progress: Progress, points: ProgressPoint[]): Progress {
  const latest = { ...progress.latest };
  const best = { ...progress.best };
  let { step, epoch } = progress;
  for (const point of points) {
    latest[point.metric] = point.value;
    const value = fromMeasured(point.value);
    if (isBetter(point.metric, value, best[point.metric]?.value)) {
      best[point.metric] = { value, epoch: point.epoch, step: point.step };
    }
    step = Math.max(step, point.step);
    epoch = Math.max(epoch, point.epoch);
  }
  return { step, epoch, latest, best };
}

/** Metrics that are neither better low nor high have no best. The first of equal values stays. */
function isBetter(metric: MetricName, value: number, best: number | undefined): boolean {
  const { better } = metricCatalogue[metric];
  if (better === null || !Number.isFinite(value)) return false;
  return best === undefined || (better === 'lower' ? value < best : value > best);
}

/** After an attempt has begun at an earlier step: only what still counts may be the latest or the best. */
export async function recomputeProgress(sql: Sql, runId: string): Promise<void> {
  const newest = await sql.rows<{ metric: MetricName; value: number; step: number; epoch: number }>(
    `SELECT DISTINCT ON (metric) metric, value, step, epoch FROM (${currentPoints}) AS current
     ORDER BY metric, step DESC, attempt DESC, seq DESC`,
    [runId],
  );
  const higher = newest
    .map(({ metric }) => metric)
    .filter((metric) => metricCatalogue[metric]?.better === 'higher');
  const best = await sql.rows<{ metric: MetricName; value: number; step: number; epoch: number }>(
    `SELECT DISTINCT ON (metric) metric, value, step, epoch FROM (${currentPoints}) AS current
     WHERE value > '-Infinity' AND value < 'Infinity'
     ORDER BY metric, CASE WHEN metric = ANY ($2) THEN -value ELSE value END, step, attempt, seq`,
    [runId, higher],
  );
  const progress: Progress = {
    step: Math.max(0, ...newest.map((point) => point.step)),
    epoch: Math.max(0, ...newest.map((point) => point.epoch)),
    latest: Object.fromEntries(newest.map(({ metric, value }) => [metric, toMeasured(value)])) as Record<
      MetricName,
      Measured
    >,
    best: addPoints({ step: 0, epoch: 0, latest: {}, best: {} }, best).best,
  };
  await writeProgress(sql, runId, progress);
}

const currentPoints = `
  SELECT p.* FROM points p JOIN attempt_cuts c ON c.run_id = p.run_id AND c.attempt = p.attempt
  WHERE p.run_id = $1 AND (c.cut_step IS NULL OR p.step <= c.cut_step)`;

export async function writeProgress(
  sql: Sql,
  runId: string,
  { step, epoch, latest, best }: Progress,
): Promise<void> {
  await sql.change(`UPDATE runs SET step = $2, epoch = $3, latest = $4, best = $5 WHERE id = $1`, [
    runId,
    step,
    epoch,
    JSON.stringify(latest),
    JSON.stringify(best),
  ]);
}
