import { type AttemptState, type Failure, type RunCommand, type RunState } from '@chromatune/contracts';
import { type Session, type Sql, storable } from '../session.js';

export interface Lease {
  runId: string;
  attempt: number;
  command: RunCommand;
}

export interface Release {
  runId: string;
  attempt: number;
  state: 'released' | 'lost';
  reason: string;
}

/** One statement for all attempts of a trainer, so that a busy trainer loses either all leases or none. */
export function renewLeases(
  sql: Sql,
  request: { trainerId: string; leaseSeconds: number },
): Promise<Lease[]> {
  return sql.rows<Lease>(
    `UPDATE attempts a SET lease_seconds = $2::float8, last_seen_at = clock_timestamp(),
       lease_until = clock_timestamp() + make_interval(secs => $2::float8)
     FROM runs r
     WHERE a.trainer_id = $1 AND a.state = 'running' AND r.id = a.run_id AND r.attempt = a.number AND r.state = 'running'
     RETURNING a.run_id, a.number AS attempt, r.command`,
    [request.trainerId, request.leaseSeconds],
  );
}

export async function releaseAttempt(
  sql: Sql,
  release: Release,
  maxRestarts: number,
): Promise<'applied' | 'fenced'> {
  const run = await lockRunningRun(sql, release.runId, release.attempt);
  if (!run) return 'fenced';
  const { state, reason } = release;
  await endAttempt(sql, run, {
    state,
    reason,
    failure: null,
    retry: state === 'lost' ? 'counted' : 'free',
    maxRestarts,
  });
  return 'applied';
}

/** After a restart of PostgreSQL itself every trainer first gets the length of a lease to come back: it was the database that was away. */
const isExpired = `a.state = 'running' AND clock_timestamp() >
  greatest(a.lease_until, pg_postmaster_start_time() + make_interval(secs => a.lease_seconds))`;

export function expireLeases(session: Session, maxRestarts: number): Promise<string[]> {
  const reason = (run: RunningRun) =>
    `trainer ${run.trainerId} did not renew its lease for ${Math.round(run.silentSeconds)} s`;
  return loseAttempts(session, { condition: isExpired, parameters: [], reason, maxRestarts });
}

export function markTrainerAttemptsLost(
  session: Session,
  trainerId: string,
  maxRestarts: number,
): Promise<string[]> {
  const condition = `a.state = 'running' AND a.trainer_id = $1`;
  const reason = () => `trainer ${trainerId} started anew`;
  return loseAttempts(session, { condition, parameters: [trainerId], reason, maxRestarts });
}

interface Loss {
  condition: string;
  parameters: unknown[];
  reason(run: RunningRun): string;
  maxRestarts: number;
}

/** Each attempt in its own transaction, so that one that is being written to holds up no other. Gives their runs. */
async function loseAttempts(
  session: Session,
  { condition, parameters, reason, maxRestarts }: Loss,
): Promise<string[]> {
  const find = (sql: Sql, runId: string | null) =>
    sql.rows<{ runId: string; number: number }>(
      `SELECT a.run_id, a.number FROM attempts a
       WHERE ${condition} AND ($${parameters.length + 1}::text IS NULL OR a.run_id = $${parameters.length + 1})
       ORDER BY a.lease_until`,
      [...parameters, runId],
    );
  const lost: string[] = [];
  for (const { runId, number } of await session.read((sql) => find(sql, null))) {
    const isLost = await session.transaction(async (sql) => {
      const run = await lockRunningRun(sql, runId, number);
      if (!run || (await find(sql, runId)).length === 0) return false; // renewed or ended meanwhile
      await endAttempt(sql, run, {
        state: 'lost',
        reason: reason(run),
        failure: null,
        retry: 'counted',
        maxRestarts,
      });
      return true;
    });
    if (isLost) lost.push(runId);
  }
  return lost;
}

/** A run and its current attempt, both running and locked against every other writer. */
export interface RunningRun {
  id: string;
  sweepId: string | null;
  attempt: number;
  trainerId: string;
  command: RunCommand;
  restarts: number;
  silentSeconds: number;
}

/** Null when the attempt is not the run's current one any more: the fencing token does not fit. */
export async function lockRunningRun(
  sql: Sql,
  runId: string,
  attempt: number,
): Promise<RunningRun | undefined> {
  return sql.row<RunningRun>(
    `SELECT r.id, r.sweep_id, r.attempt, r.command, r.restarts, a.trainer_id,
       extract(epoch FROM clock_timestamp() - a.last_seen_at)::float8 AS silent_seconds
     FROM runs r JOIN attempts a ON a.run_id = r.id AND a.number = r.attempt
     WHERE r.id = $1 AND r.attempt = $2 AND r.state = 'running' AND a.state = 'running'
     FOR UPDATE`,
    [runId, attempt],
  );
}

export interface Ending {
  state: AttemptState;
  reason: string | null;
  failure: Failure | null;
  /** A pause is free; losses and passing failures take one of the run's restarts; other failures would only repeat. */
  retry: 'free' | 'counted' | 'never';
  maxRestarts: number;
}

/** Ends an attempt whose run is not done, and decides what becomes of the run. */
export async function endAttempt(sql: Sql, run: RunningRun, ending: Ending): Promise<void> {
  const next = afterEnding(run, ending);
  await sql.change(
    `UPDATE attempts SET state = $3, reason = $4, failure = $5, ended_at = clock_timestamp() WHERE run_id = $1 AND number = $2`,
    [
      run.id,
      run.attempt,
      ending.state,
      ending.reason && storable(ending.reason).slice(0, 1000),
      json(ending.failure),
    ],
  );
  await sql.change(
    `UPDATE runs SET state = $2, command = 'continue', restarts = restarts + $3, failure = $4,
       ended_at = CASE WHEN $2 IN ('failed', 'cancelled') THEN clock_timestamp() END
     WHERE id = $1`,
    [run.id, next.state, ending.retry === 'counted' && next.state !== 'failed' ? 1 : 0, json(next.failure)],
  );
  await sql.announce({ type: 'run', runId: run.id, sweepId: run.sweepId }, { type: 'trainers' });
  if (run.sweepId) await sql.announce({ type: 'sweep', sweepId: run.sweepId });
}

/** What people asked for comes first; then the restarts that are left decide. */
function afterEnding(run: RunningRun, ending: Ending): { state: RunState; failure: Failure | null } {
  if (run.command === 'cancel') return { state: 'cancelled', failure: null };
  if (ending.retry === 'never') return { state: 'failed', failure: ending.failure };
  if (ending.retry === 'counted' && run.restarts >= ending.maxRestarts)
    return { state: 'failed', failure: lastStraw(run, ending) };
  if (run.command === 'pause') return { state: 'paused', failure: null };
  return { state: 'queued', failure: null };
}

function lastStraw(run: RunningRun, { failure, reason }: Ending): Failure {
  const times = `It was restarted ${run.restarts} times; the last attempt ended too`;
  if (failure) return { ...failure, message: `${times}: ${failure.message}`.slice(0, 4000) };
  return {
    class: 'badDevice',
    message: storable(`${times}: ${reason}`).slice(0, 4000),
    remedy: `Look at the log and the memory of trainer ${run.trainerId}: the system may have killed its processes. Then resume the run.`,
    step: null,
  };
}

const json = (value: unknown) => (value === null ? null : JSON.stringify(value));
