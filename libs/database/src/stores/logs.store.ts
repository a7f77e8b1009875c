import { type LogLine } from '@chromatune/contracts';
import { type LogLineEntity } from '../entities/log-line.entity.js';
import { type Session } from '../session.js';

export interface LogPosition {
  attempt: number;
  seq: number;
}

const linesPerRead = 1000;

export class LogsStore {
  constructor(private readonly session: Session) {}

  /** The next 1,000 lines after a position, or without one the last 1,000; oldest first. */
  ofRun(runId: string, after?: LogPosition): Promise<LogLine[]> {
    return this.session.read(async (sql) => {
      const rows = after
        ? await sql.rows<LogLineEntity>(
            `SELECT * FROM log_lines WHERE run_id = $1 AND (attempt, seq) > ($2, $3) ORDER BY attempt, seq LIMIT $4`,
            [runId, after.attempt, after.seq, linesPerRead],
          )
        : await sql.rows<LogLineEntity>(
            `SELECT * FROM (SELECT * FROM log_lines WHERE run_id = $1 ORDER BY attempt DESC, seq DESC LIMIT $2) AS newest
             ORDER BY attempt, seq`,
            [runId, linesPerRead],
          );
      return rows.map(({ attempt, seq, level, message, at }) => ({
        attempt,
        seq,
        level,
        message,
        at: at.toISOString(),
      }));
    });
  }
}
