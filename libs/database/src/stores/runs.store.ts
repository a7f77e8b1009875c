import {
  type Attempt,
  endedRunStates,
  isEnded,
  type ParameterValues,
  type Recipe,
  type Run,
  type RunCommand,
  type RunDetail,
  type Verdict,
} from '@chromatune/contracts';
import { type AttemptEntity } from '../entities/attempt.entity.js';
import { type AttemptKey } from '../runs/apply-events.js';
import { AttemptReports } from '../runs/attempt-reports.js';
import { claimRun, type Claim, type ClaimRequest } from '../runs/claim.js';
import {
  expireLeases,
  type Lease,
  markTrainerAttemptsLost,
  type Release,
  releaseAttempt,
  renewLeases,
} from '../runs/leases.js';
import { notPossible, runNotFound } from '../runs/run-errors.js';
import { type Session, type Sql } from '../session.js';
import { checkpointsOfRun } from './checkpoints.store.js';
import { onlineTrainers, type RunRow, selectRuns, toRun } from './run-row.js';

export interface NewRun {
  id: string;
  sweepId: string | null;
  index: number;
  label: string;
  parameters: ParameterValues;
  recipe: Recipe;
  /** Trainers of this pool take it. */
  pool?: string;
}

export interface QueuedRun {
  runId: string;
  /** The attempt that would begin. */
  attempt: number;
  pool: string;
}

/** Runs and their attempts. Every change is announced on the channel of `Database.listen`. */
export class RunsStore {
  constructor(
    private readonly session: Session,
    private readonly maxRestarts: number,
  ) {}

  /** Runs whose id is there already are left as they are. Answers how many were new. */
  insertMany(runs: NewRun[]): Promise<number> {
    return this.session.transaction(async (sql) => {
      const added: string[] = [];
      for (const run of runs) if (await insertRun(sql, run)) added.push(run.id);
      const isNew = (run: NewRun) => added.includes(run.id);
      const sweepIds = [...new Set(runs.filter(isNew).flatMap((run) => run.sweepId ?? []))];
      await sql.announce(
        ...sweepIds.map((sweepId) => ({ type: 'sweep' as const, sweepId })),
        ...runs.filter(isNew).map(({ id, sweepId }) => ({ type: 'run' as const, runId: id, sweepId })),
      );
      return added.length;
    });
  }

  /** Runs of a sweep in its order, or those with these ids; 2,000 at most. */
  list(filter: { sweepId?: string; ids?: string[] } = {}): Promise<Run[]> {
    return this.session.read(async (sql) => {
      const rows = await sql.rows<RunRow>(
        `${selectRuns}
         WHERE ($1::text IS NULL OR r.sweep_id = $1) AND ($2::text[] IS NULL OR r.id = ANY ($2))
         ORDER BY r.sweep_id, r.index, r.created_at, r.id LIMIT 2000`,
        [filter.sweepId ?? null, filter.ids ?? null],
      );
      const trainers = await onlineTrainers(sql);
      return rows.map((row) => toRun(row, trainers));
    });
  }

  find(id: string): Promise<Run | null> {
    return this.session.read((sql) => findRun(sql, id));
  }

  detail(id: string): Promise<RunDetail | null> {
    return this.session.snapshot((sql) => readDetail(sql, id));
  }

  /** Trainers of this pool train it. Error: `run_not_found`. */
  poolOf(id: string): Promise<string> {
    return this.session.read(async (sql) => {
      const row = await sql.row<{ pool: string }>(`SELECT pool FROM runs WHERE id = $1`, [id]);
      if (!row) throw runNotFound(id);
      return row.pool;
    });
  }

  /** Runs that wait for a trainer, oldest first. */
  queued(): Promise<QueuedRun[]> {
    return this.session.read((sql) =>
      sql.rows<QueuedRun>(
        `SELECT id AS run_id, attempt + 1 AS attempt, pool FROM runs WHERE state = 'queued'
         ORDER BY created_at, index, id LIMIT 10000`,
      ),
    );
  }

  /**
   * Asks a run to pause, to end, or to go on. Takes effect at once unless it is training: then its trainer is told.
   * Errors: `run_not_found`, `not_possible` (409) with what is.
   */
  async setCommand(id: string, command: RunCommand): Promise<Run> {
    if (command === 'continue') return this.requeue(id);
    return this.session.transaction(async (sql) => {
      const run = await lockRun(sql, id);
      const ended = command === 'pause' ? 'paused' : 'cancelled';
      if (run.state === ended) return (await findRun(sql, id))!;
      if (isEnded(run.state)) throw notPossible(command, run);
      if (run.state === 'running') {
        if (command === 'pause' && run.command === 'cancel') throw notPossible(command, run);
        await sql.change(`UPDATE runs SET command = $2 WHERE id = $1`, [id, command]);
        await tellTrainer(sql, run);
      } else {
        await sql.change(
          `UPDATE runs SET state = $2, command = 'continue', ended_at = CASE WHEN $2 = 'cancelled' THEN now() END WHERE id = $1`,
          [id, ended],
        );
      }
      await announceRun(sql, run);
      return (await findRun(sql, id))!;
    });
  }

  /**
   * Lets a paused, failed or cancelled run wait for a trainer again, from its last checkpoint, with all its restarts.
   * Takes back a pause that has not happened yet. Errors: `run_not_found`, `not_possible`.
   */
  requeue(id: string): Promise<Run> {
    return this.session.transaction(async (sql) => {
      const run = await lockRun(sql, id);
      if (run.state === 'completed' || run.state === 'stoppedEarly') throw notPossible('continue', run);
      if (run.state === 'running') {
        await sql.change(`UPDATE runs SET command = 'continue' WHERE id = $1`, [id]);
        if (run.command !== 'continue') await tellTrainer(sql, run);
      } else if (run.state !== 'queued') {
        await sql.change(
          `UPDATE runs SET state = 'queued', command = 'continue', restarts = 0, failure = NULL, ended_at = NULL WHERE id = $1`,
          [id],
        );
      }
      await announceRun(sql, run);
      return (await findRun(sql, id))!;
    });
  }

  /** Begins the asked attempt, or null when this trainer may not: another was faster, or it has another engine. */
  claim(request: ClaimRequest): Promise<Claim | null> {
    return this.session.transaction((sql) => claimRun(sql, request));
  }

  /** Renews all leases of a trainer. Attempts that are missing in the answer are no longer its own: end their children. */
  renew(request: { trainerId: string; leaseSeconds: number }): Promise<Lease[]> {
    return this.session.read((sql) => renewLeases(sql, request));
  }

  /** Where an attempt writes what it reports. */
  reportsOf(attempt: AttemptKey): AttemptReports {
    return new AttemptReports(this.session, attempt, this.maxRestarts);
  }

  /** Gives an attempt back without its last event: `released` counts no restart, `lost` does. */
  release(release: Release): Promise<'applied' | 'fenced'> {
    return this.session.transaction((sql) => releaseAttempt(sql, release, this.maxRestarts));
  }

  /** Marks attempts lost whose lease ran out. Answers their runs. */
  expireLeases(): Promise<string[]> {
    return expireLeases(this.session, this.maxRestarts);
  }

  /** For a trainer that starts again: its earlier children died with it. Answers their runs. */
  markTrainerAttemptsLost(trainerId: string): Promise<string[]> {
    return markTrainerAttemptsLost(this.session, trainerId, this.maxRestarts);
  }

  /** Reproductions that have ended and were not judged yet, with the run that each repeats, earliest first. */
  awaitingVerdict(): Promise<{ runId: string; originalId: string }[]> {
    return this.session.read((sql) =>
      sql.rows(
        `SELECT id AS run_id, reproduction_of AS original_id FROM runs
         WHERE reproduction_of IS NOT NULL AND verdict IS NULL AND state = ANY ($1) ORDER BY ended_at LIMIT 100`,
        [endedRunStates],
      ),
    );
  }

  setVerdict(id: string, verdict: Verdict): Promise<void> {
    return this.session.transaction(async (sql) => {
      const run = await lockRun(sql, id);
      await sql.change(`UPDATE runs SET verdict = $2 WHERE id = $1`, [id, JSON.stringify(verdict)]);
      await announceRun(sql, run);
      if (run.reproductionOf) await announceRun(sql, await lockRun(sql, run.reproductionOf));
    });
  }

  /** Queues a run `<original>-r<n>` with this recipe, outside any sweep. */
  insertReproduction(originalId: string, recipe: Recipe): Promise<Run> {
    return this.session.transaction(async (sql) => {
      const original = await lockRun(sql, originalId);
      const counted = await sql.row<{ count: number }>(
        `SELECT count(*)::int AS count FROM runs WHERE reproduction_of = $1`,
        [originalId],
      );
      const { index, label, parameters, pool } = original;
      const id = `${originalId}-r${counted!.count + 1}`;
      await insertRun(sql, { id, sweepId: null, index, label, parameters, recipe, pool }, original);
      await announceRun(sql, { id, sweepId: null });
      await announceRun(sql, original);
      return (await findRun(sql, id))!;
    });
  }
}

/** A reproduction computes as many images at once as the original did: with batch norm, others make other numbers. */
async function insertRun(
  sql: Sql,
  run: NewRun,
  original: Pick<RunRow, 'id' | 'microBatch'> | null = null,
): Promise<boolean> {
  const inserted = await sql.rows(
    `INSERT INTO runs (id, sweep_id, index, label, parameters, recipe, epochs, pool, reproduction_of, micro_batch,
       created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, clock_timestamp()) ON CONFLICT DO NOTHING RETURNING id`,
    [
      run.id,
      run.sweepId,
      run.index,
      run.label,
      JSON.stringify(run.parameters),
      JSON.stringify(run.recipe),
      run.recipe.epochs,
      run.pool ?? 'default',
      original?.id ?? null,
      original?.microBatch ?? null,
    ],
  );
  return inserted.length === 1;
}

async function findRun(sql: Sql, id: string): Promise<Run | null> {
  const row = await sql.row<RunRow>(`${selectRuns} WHERE r.id = $1`, [id]);
  return row ? toRun(row, await onlineTrainers(sql)) : null;
}

async function lockRun(sql: Sql, id: string): Promise<RunRow> {
  const row = await sql.row<RunRow>(`${selectRuns} WHERE r.id = $1 FOR UPDATE OF r`, [id]);
  if (!row) throw runNotFound(id);
  return row;
}

async function tellTrainer(sql: Sql, { id, trainerId }: RunRow) {
  if (trainerId) await sql.announce({ type: 'command', runId: id, trainerId });
}

async function announceRun(sql: Sql, { id, sweepId }: { id: string; sweepId: string | null }) {
  await sql.announce(
    { type: 'run', runId: id, sweepId },
    ...(sweepId ? [{ type: 'sweep' as const, sweepId }] : []),
  );
}

async function readDetail(sql: Sql, id: string): Promise<RunDetail | null> {
  const row = await sql.row<RunRow>(`${selectRuns} WHERE r.id = $1`, [id]);
  if (!row) return null;
  const attempts = await sql.rows<AttemptEntity>(`SELECT * FROM attempts WHERE run_id = $1 ORDER BY number`, [
    id,
  ]);
  const reproductions = await sql.rows<{ id: string }>(
    `SELECT id FROM runs WHERE reproduction_of = $1 ORDER BY created_at`,
    [id],
  );
  return {
    ...toRun(row, await onlineTrainers(sql)),
    recipe: row.recipe,
    environment: row.environment,
    recipeDigest: row.recipeDigest,
    attempts: attempts.map(toAttempt),
    checkpoints: await checkpointsOfRun(sql, id),
    verdict: row.verdict,
    reproductions: reproductions.map((reproduction) => reproduction.id),
  };
}

const toAttempt = (row: AttemptEntity): Attempt => ({
  number: row.number,
  state: row.state,
  trainerId: row.trainerId,
  resumedFromStep: row.resumedFromStep,
  environment: row.environment,
  startedAt: row.startedAt.toISOString(),
  endedAt: row.endedAt?.toISOString() ?? null,
  lastSeenAt: row.lastSeenAt.toISOString(),
  reason: row.reason,
  failure: row.failure,
});
