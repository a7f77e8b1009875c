import { type Checkpoint } from '@chromatune/contracts';
import { type CheckpointEntity } from '../entities/checkpoint.entity.js';
import { type Session, type Sql } from '../session.js';

/** Saved states of runs. Their files are in the object store under `key`. */
export class CheckpointsStore {
  constructor(private readonly session: Session) {}

  /** Those whose files are there, earliest first. */
  ofRun(runId: string): Promise<Checkpoint[]> {
    return this.session.read((sql) => checkpointsOfRun(sql, runId));
  }

  find(runId: string, attempt: number, step: number): Promise<Checkpoint | null> {
    return this.session.read(async (sql) => {
      const all = await checkpointsOfRun(sql, runId);
      return all.find((checkpoint) => checkpoint.attempt === attempt && checkpoint.step === step) ?? null;
    });
  }

  /** The one from which the next attempt would go on. */
  latest(runId: string): Promise<Checkpoint | null> {
    return this.session.read((sql) => latestCheckpoint(sql, runId));
  }

  /** Those that nobody needs: neither the two newest, nor the best, nor the final one. */
  removable(runId: string): Promise<Checkpoint[]> {
    return this.session.read(async (sql) => {
      const rows = await readRows(sql, runId);
      const newest = rows.filter((row) => !row.superseded).slice(-2);
      const isKept = (row: Row) => newest.includes(row) || row.isBest || row.kind === 'final';
      return rows.filter((row) => !isKept(row)).map(toCheckpoint);
    });
  }

  /** Runs with more checkpoints than `removable` ever keeps. */
  crowdedRuns(): Promise<string[]> {
    return this.session.read(async (sql) => {
      const rows = await sql.rows<{ runId: string }>(
        `SELECT run_id FROM checkpoints WHERE removed_at IS NULL GROUP BY run_id HAVING count(*) > $1 LIMIT 1000`,
        [mostKept],
      );
      return rows.map(({ runId }) => runId);
    });
  }

  /** The file is gone or unreadable: no attempt will go on from it. */
  async markRemoved(runId: string, attempt: number, step: number): Promise<void> {
    await this.session.read((sql) =>
      sql.change(
        `UPDATE checkpoints SET removed_at = now() WHERE run_id = $1 AND attempt = $2 AND step = $3 AND removed_at IS NULL`,
        [runId, attempt, step],
      ),
    );
  }
}

/** The two newest, the best and the final one, when they are all different. */
const mostKept = 4;

type Row = CheckpointEntity & { superseded: boolean; isBest: boolean };

export async function checkpointsOfRun(sql: Sql, runId: string): Promise<Checkpoint[]> {
  return (await readRows(sql, runId)).map(toCheckpoint);
}

export async function latestCheckpoint(sql: Sql, runId: string): Promise<Checkpoint | null> {
  const row = (await readRows(sql, runId)).findLast((candidate) => !candidate.superseded);
  return row ? toCheckpoint(row) : null;
}

async function readRows(sql: Sql, runId: string): Promise<Row[]> {
  const rows = await sql.rows<Row>(
    `SELECT k.*, coalesce(k.step > c.cut_step, false) AS superseded
     FROM checkpoints k JOIN attempt_cuts c ON c.run_id = k.run_id AND c.attempt = k.attempt
     WHERE k.run_id = $1 AND k.removed_at IS NULL
     ORDER BY k.step, k.attempt`,
    [runId],
  );
  const rated = rows.filter((row) => !row.superseded && row.abRmse !== null && Number.isFinite(row.abRmse));
  const best = Math.min(...rated.map((row) => row.abRmse!));
  const first = rated.find((row) => row.abRmse === best);
  return rows.map((row) => ({ ...row, isBest: row === first }));
}

const toCheckpoint = (row: Row): Checkpoint => ({
  attempt: row.attempt,
  step: row.step,
  epoch: row.epoch,
  kind: row.kind,
  key: row.key,
  bytes: Number(row.bytes),
  sha256: row.sha256,
  weightsSha256: row.weightsSha256,
  abRmse: row.abRmse,
  isBest: row.isBest,
  at: row.at.toISOString(),
});
