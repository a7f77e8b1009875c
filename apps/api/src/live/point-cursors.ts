import type { StoredPoint } from '@chromatune/contracts';
import type { Database } from '@chromatune/database';

/** Points of one message: everything between `afterSeq` and the newest. */
export interface PointsDelta {
  afterSeq: number;
  points: StoredPoint[];
}

/** Points looked back for a run nobody watched until now, in seq; clients that need more fetch it. */
const lookBack = 500;
/** A run that was away for long sends its backlog in several messages. */
const mostPoints = 2000;

/** Attempts that are remembered: one that has ended is not forgotten by itself. */
const mostAttempts = 10_000;

/** Remembers up to which point each watched attempt was broadcast. */
export class PointCursors {
  private readonly cursors = new Map<string, number>();

  constructor(private readonly database: Database) {}

  /** The points since the last call for this attempt, null when there are none. `lastSeq` is the newest known event. */
  async next(runId: string, attempt: number, lastSeq: number): Promise<PointsDelta | null> {
    const key = `${runId}.${attempt}`;
    const cursor = this.cursors.get(key);
    const after = cursor ?? Math.max(0, lastSeq - lookBack);
    const points = await this.database.points.ofRun(runId, { attempt, after, limit: mostPoints });
    const newest = points.at(-1);
    if (!newest) return null;
    if (this.cursors.size >= mostAttempts) this.cursors.clear(); // those that report start with a look back
    this.cursors.set(key, newest.seq);
    if (cursor !== undefined || after === 0) return { afterSeq: cursor ?? 0, points };
    // Events of other kinds share the numbering: only a point itself tells what the newest before the rest was.
    return points.length > 1 ? { afterSeq: points[0]!.seq, points: points.slice(1) } : null;
  }

  /** Nobody watches this attempt: the next one to do so starts with a look back. */
  forget(runId: string, attempt: number): void {
    this.cursors.delete(`${runId}.${attempt}`);
  }

  clear(): void {
    this.cursors.clear();
  }
}
