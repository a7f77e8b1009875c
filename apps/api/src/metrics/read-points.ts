import type { MetricName, StoredPoint } from '@chromatune/contracts';
import type { Database } from '@chromatune/database';

/** Rows read at a time: about 1 MB of JSON. */
const pageSize = 10_000;

/** All points of a run in the order in which they were measured, page by page. */
export async function* readPoints(
  database: Database,
  runId: string,
  metric?: MetricName,
): AsyncGenerator<StoredPoint[]> {
  const run = await database.runs.detail(runId);
  for (const { number: attempt } of run?.attempts ?? []) {
    for (let after = 0, isLast = false; !isLast;) {
      const points = await database.points.ofRun(runId, { attempt, after, metric, limit: pageSize });
      if (points.length > 0) yield points;
      after = points.at(-1)?.seq ?? 0;
      isLast = points.length < pageSize;
    }
  }
}
