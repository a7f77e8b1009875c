import { type Curve, type MetricName, type StoredPoint, toMeasured } from '@chromatune/contracts';
import { type PointEntity } from '../entities/point.entity.js';
import { type Session } from '../session.js';
import { type CurvesRequest, readCurves } from './curves.js';

export interface PointsFilter {
  /** Points of this attempt only. */
  attempt?: number;
  /** Points whose `seq` is greater: only sensible with `attempt`. */
  after?: number;
  metric?: MetricName;
  /** 10,000 unless told, 100,000 at most. */
  limit?: number;
}

export class PointsStore {
  constructor(private readonly session: Session) {}

  /** In the order in which they were measured: by attempt, then `seq`. */
  ofRun(runId: string, filter: PointsFilter = {}): Promise<StoredPoint[]> {
    return this.session.read(async (sql) => {
      const rows = await sql.rows<PointEntity & { superseded: boolean }>(
        `SELECT p.*, coalesce(p.step > c.cut_step, false) AS superseded
         FROM points p JOIN attempt_cuts c ON c.run_id = p.run_id AND c.attempt = p.attempt
         WHERE p.run_id = $1 AND ($2::int IS NULL OR p.attempt = $2) AND ($3::int IS NULL OR p.seq > $3)
           AND ($4::text IS NULL OR p.metric = $4)
         ORDER BY p.attempt, p.seq LIMIT $5`,
        [
          runId,
          filter.attempt ?? null,
          filter.after ?? null,
          filter.metric ?? null,
          Math.min(filter.limit ?? 10_000, 100_000),
        ],
      );
      return rows.map(({ attempt, seq, metric, step, epoch, value, at, superseded }) => ({
        seq,
        metric,
        step,
        epoch,
        value: toMeasured(value),
        at: at.toISOString(),
        attempt,
        superseded,
      }));
    });
  }

  /** One curve for each run and metric, in the order asked for. See `CurvesRequest`. */
  curves(request: CurvesRequest): Promise<Curve[]> {
    return readCurves(this.session, request);
  }
}
