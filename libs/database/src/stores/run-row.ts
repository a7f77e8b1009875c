import { describeEngine, type Environment, hasLearned, isSameEngine, type Run } from '@chromatune/contracts';
import { type RunEntity } from '../entities/run.entity.js';
import { type Sql } from '../session.js';

/** A run with what its current attempt says about it, as `selectRuns` reads it. */
export type RunRow = RunEntity & { trainerId: string | null; silentSeconds: number | null };

/** Add WHERE and ORDER BY; `r` is the run, `a` its attempt while that runs. */
export const selectRuns = `
  SELECT r.*, a.trainer_id, extract(epoch FROM clock_timestamp() - a.last_seen_at)::float8 AS silent_seconds
  FROM runs r
  LEFT JOIN attempts a ON a.run_id = r.id AND a.number = r.attempt AND a.state = 'running'`;

/** A trainer that was not heard of for this long is offline: three missed heartbeats. */
export const onlineSeconds = 30;
/** Leases are renewed every 10 s; later than this something is slow, and people want to know. */
const silentAfterSeconds = 15;

export interface OnlineTrainer {
  pool: string;
  environment: Environment;
}

/** Trainers that would take a run now; draining ones would not. */
export function onlineTrainers(sql: Sql): Promise<OnlineTrainer[]> {
  return sql.rows<OnlineTrainer>(
    `SELECT pool, environment FROM trainers WHERE NOT draining AND last_seen_at > now() - make_interval(secs => $1)`,
    [onlineSeconds],
  );
}

export function toRun(row: RunRow, trainers: OnlineTrainer[]): Run {
  return {
    id: row.id,
    sweepId: row.sweepId,
    index: row.index,
    label: row.label,
    parameters: row.parameters,
    state: row.state,
    note: noteOf(row, trainers),
    attempt: row.attempt,
    restarts: row.restarts,
    step: row.step,
    epoch: row.epoch,
    epochs: row.epochs,
    totalSteps: row.totalSteps,
    microBatch: row.microBatch,
    latest: row.latest,
    best: row.best,
    baselines: row.baselines,
    learned: hasLearned(row),
    failure: row.failure,
    weightsSha256: row.weightsSha256,
    reproductionOf: row.reproductionOf,
    trainerId: row.trainerId,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    endedAt: row.endedAt?.toISOString() ?? null,
  };
}

function noteOf(row: RunRow, trainers: OnlineTrainer[]): string | null {
  if (row.state === 'queued') return waitingNote(row, trainers);
  if (row.state !== 'running') return null;
  if ((row.silentSeconds ?? 0) > silentAfterSeconds) return `silent for ${Math.floor(row.silentSeconds!)} s`;
  if (row.command === 'pause') return 'pausing';
  if (row.command === 'cancel') return 'cancelling';
  return null;
}

function waitingNote({ pool, environment }: RunRow, trainers: OnlineTrainer[]): string {
  const inPool = trainers.filter((trainer) => trainer.pool === pool);
  if (inPool.length === 0)
    return pool === 'default' ? 'no trainer is online' : `no trainer of pool ${pool} is online`;
  if (environment && !inPool.some((trainer) => isSameEngine(environment, trainer.environment))) {
    return `waits for a trainer with engine ${describeEngine(environment)}`;
  }
  return 'waits for a free slot';
}
