import { type Checkpoint, type MetricName, toMeasured } from '@chromatune/contracts';
import { type CheckpointEntity } from '../entities/checkpoint.entity.js';
import { isBetter } from '../runs/progress.js';
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

type StoredRow = CheckpointEntity & { superseded: boolean; metric: MetricName; value: number | null };
type Row = StoredRow & { isBest: boolean };

export async function checkpointsOfRun(sql: Sql, runId: string): Promise<Checkpoint[]> {
  return (await readRows(sql, runId)).map(toCheckpoint);
}

export async function latestCheckpoint(sql: Sql, runId: string): Promise<Checkpoint | null> {
  const row = (await readRows(sql, runId)).findLast((candidate) => !candidate.superseded);
  return row ? toCheckpoint(row) : null;
}

/**
 * What an epoch measured was written before its checkpoint, which therefore never lacks it; that of a pause has none.
 * A reproduction ranks by the objective of its original's sweep, so that the two keep the same checkpoints.
 */
async function readRows(sql: Sql, runId: string): Promise<Row[]> {
  const rows = await sql.rows<StoredRow>(
    `WITH RECURSIVE lineage AS (
       SELECT sweep_id, reproduction_of FROM runs WHERE id = $1
       UNION ALL
       SELECT r.sweep_id, r.reproduction_of FROM lineage l JOIN runs r ON r.id = l.reproduction_of
     ), objective AS (
       SELECT coalesce(max(s.spec -> 'objective' ->> 'metric'), 'validation/abRmse') AS metric
       FROM lineage l JOIN sweeps s ON s.id = l.sweep_id
     )
     SELECT k.*, coalesce(k.step > c.cut_step, false) AS superseded, objective.metric, p.value
     FROM checkpoints k
     JOIN attempt_cuts c ON c.run_id = k.run_id AND c.attempt = k.attempt
     CROSS JOIN objective
     LEFT JOIN points p ON p.run_id = k.run_id AND p.attempt = k.attempt AND p.step = k.step
       AND p.metric = objective.metric
     WHERE k.run_id = $1 AND k.removed_at IS NULL
     ORDER BY k.step, k.attempt`,
    [runId],
  );
  const best = bestOf(rows);
  return rows.map((row) => ({ ...row, isBest: row === best }));
}

function bestOf(rows: StoredRow[]): StoredRow | undefined {
  const rated = rows.filter(
    (row): row is StoredRow & { value: number } => !row.superseded && row.value !== null,
  );
  return rated.reduce<(typeof rated)[number] | undefined>(
    (best, row) => (isBetter(row.metric, row.value, best?.value) ? row : best),
    undefined,
  );
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
  objective: { metric: row.metric, value: row.value === null ? null : toMeasured(row.value) },
  isBest: row.isBest,
  at: row.at.toISOString(),
});
