import {
  fromMeasured,
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
export function isBetter(metric: MetricName, value: number, best: number | undefined): boolean {
  const { better } = metricCatalogue[metric];
  if (better === null || !Number.isFinite(value)) return false;
  return best === undefined || (better === 'lower' ? value < best : value > best);
}

/** After an attempt has begun at an earlier step: only what still counts may be the latest or the best. */
export async function recomputeProgress(sql: Sql, runId: string): Promise<void> {
  const rows = await sql.rows<MetricSummary>(summaries, [runId, metricsBetterHigher]);
  const progress: Progress = { step: 0, epoch: 0, latest: {}, best: {} };
  for (const { metric, newest, best } of rows) {
    const [step, , , value, epoch] = newest;
    progress.step = Math.max(progress.step, step);
    progress.epoch = Math.max(progress.epoch, epoch);
    progress.latest[metric] = toMeasured(value);
    if (!best || metricCatalogue[metric].better === null) continue;
    const [rank, bestStep, , , bestEpoch] = best;
    const bestValue = metricsBetterHigher.includes(metric) ? -rank : rank;
    progress.best[metric] = { value: bestValue, step: bestStep, epoch: bestEpoch };
  }
  await writeProgress(sql, runId, progress);
}

export const metricsBetterHigher = (Object.keys(metricCatalogue) as MetricName[]).filter(
  (metric) => metricCatalogue[metric].better === 'higher',
);

interface MetricSummary {
  metric: MetricName;
  newest: [step: number, attempt: number, seq: number, value: number, epoch: number];
  best: [rank: number, step: number, attempt: number, seq: number, epoch: number] | null;
}

/** Arrays compare member by member, so one pass without sorting finds the newest and the best point of each metric. */
const summaries = `
  SELECT p.metric, max(ARRAY[p.step, p.attempt, p.seq, p.value, p.epoch]) AS newest,
    min(ARRAY[CASE WHEN p.metric = ANY ($2) THEN -p.value ELSE p.value END, p.step, p.attempt, p.seq, p.epoch])
      FILTER (WHERE p.value > '-Infinity' AND p.value < 'Infinity') AS best
  FROM points p JOIN attempt_cuts c ON c.run_id = p.run_id AND c.attempt = p.attempt
  WHERE p.run_id = $1 AND (c.cut_step IS NULL OR p.step <= c.cut_step)
  GROUP BY p.metric`;

async function writeProgress(
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
