import {
  type Baselines,
  type Change,
  DomainError,
  type FailureClass,
  fromMeasured,
  type Run,
  type SpooledEvent,
} from '@chromatune/contracts';
import { announcing, payloadsOf, type Sql, storable } from '../session.js';
import { endAttempt, type RunningRun } from './leases.js';
import { addPoints, recomputeProgress } from './progress.js';

type EventOf<T extends SpooledEvent['type']> = Extract<SpooledEvent, { type: T }>;

/** A spooled event as it is written: the files of samples and checkpoints are in the object store by now, under `key`. */
export type AppliedEvent =
  | Exclude<SpooledEvent, { type: 'sample' | 'checkpoint' }>
  | (Omit<EventOf<'sample'>, 'file'> & { key: string })
  | (Omit<EventOf<'checkpoint'>, 'file'> & { key: string });
type AppliedOf<T extends AppliedEvent['type']> = Extract<AppliedEvent, { type: T }>;

/** Events of one attempt in ascending order of `seq`, without gaps after those applied before. */
export interface AppliedBatch {
  runId: string;
  attempt: number;
  events: AppliedEvent[];
}

/** Log lines kept per run; the oldest go first. */
export const maxLogLines = 10_000;

/** See `RunsStore.applyEvents`. `last_seq` of the attempt tells what is new; the lock of the run keeps others out. */
export async function applyEvents(
  sql: Sql,
  batch: AppliedBatch,
  maxRestarts: number,
): Promise<'applied' | 'fenced'> {
  const run = await lockForEvents(sql, batch);
  if (!run) return 'fenced';
  const fresh = freshEvents(batch, run.lastSeq);
  if (!isCurrent(run, batch)) return fresh.length === 0 && run.attemptState !== 'lost' ? 'applied' : 'fenced';
  if (fresh.length === 0) return 'applied';

  await insertSamples(sql, batch, ofType(fresh, 'sample'));
  await insertCheckpoints(sql, batch, ofType(fresh, 'checkpoint'));
  await insertLogLines(sql, batch, ofType(fresh, 'log'));
  await writeStart(sql, run, ofType(fresh, 'started').at(-1));
  await writeBaselines(sql, run, ofType(fresh, 'baselines').at(-1)?.baselines);
  await advance(sql, run, fresh);
  await writeEnd(sql, run, fresh, maxRestarts);
  return 'applied';
}

interface LockedRun extends RunningRun, Pick<Run, 'state' | 'step' | 'epoch' | 'latest' | 'best'> {
  attemptState: string;
  lastSeq: number;
  resumedFromStep: number;
}

function lockForEvents(sql: Sql, { runId, attempt }: AppliedBatch): Promise<LockedRun | undefined> {
  return sql.row<LockedRun>(
    `SELECT r.id, r.sweep_id, r.attempt, r.command, r.restarts, r.state, r.step, r.epoch, r.latest, r.best,
       a.trainer_id, a.state AS attempt_state, a.last_seq, a.resumed_from_step, 0 AS silent_seconds
     FROM runs r JOIN attempts a ON a.run_id = r.id AND a.number = $2 WHERE r.id = $1 FOR UPDATE`,
    [runId, attempt],
  );
}

const isCurrent = (run: LockedRun, { attempt }: AppliedBatch) =>
  run.attempt === attempt && run.state === 'running' && run.attemptState === 'running';

/** Leaves out what was applied before. A gap is refused: what is missing would be lost for ever. */
function freshEvents({ runId, attempt, events }: AppliedBatch, lastSeq: number): AppliedEvent[] {
  const fresh = events.filter((event) => event.seq > lastSeq).sort((a, b) => a.seq - b.seq);
  fresh.forEach((event, index) => {
    const expected = lastSeq + 1 + index;
    if (event.seq === expected) return;
    throw new DomainError(
      'events_missing',
      409,
      `Attempt ${attempt} of run ${runId} sent event ${event.seq} where ${expected} is next.`,
      { remedy: `Send the events from ${expected} on, in order.` },
    );
  });
  return fresh;
}

const ofType = <T extends AppliedEvent['type']>(events: AppliedEvent[], type: T) =>
  events.filter((event): event is AppliedOf<T> => event.type === type);

async function insertSamples(
  sql: Sql,
  { runId, attempt }: AppliedBatch,
  events: AppliedOf<'sample'>[],
): Promise<void> {
  for (const { sample, key } of events) {
    const { epoch, step, tileSize, images, at } = sample;
    await sql.change(
      `INSERT INTO samples (run_id, attempt, epoch, step, key, tile_size, images, at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
      [runId, attempt, epoch, step, key, tileSize, JSON.stringify(images), at],
    );
  }
}

async function insertCheckpoints(
  sql: Sql,
  { runId, attempt }: AppliedBatch,
  events: AppliedOf<'checkpoint'>[],
): Promise<void> {
  for (const { checkpoint, key } of events) {
    const { step, epoch, kind, bytes, sha256, weightsSha256, abRmse, at } = checkpoint;
    await sql.change(
      `INSERT INTO checkpoints (run_id, attempt, step, epoch, kind, key, bytes, sha256, weights_sha256, ab_rmse, at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
       ON CONFLICT (run_id, attempt, step) DO UPDATE SET kind = excluded.kind, key = excluded.key, bytes = excluded.bytes,
         sha256 = excluded.sha256, ab_rmse = coalesce(excluded.ab_rmse, checkpoints.ab_rmse)`,
      [runId, attempt, step, epoch, kind, key, bytes, sha256, weightsSha256, abRmse, at],
    );
  }
}

async function insertLogLines(
  sql: Sql,
  { runId, attempt }: AppliedBatch,
  lines: AppliedOf<'log'>[],
): Promise<void> {
  if (lines.length === 0) return;
  await sql.change(
    `INSERT INTO log_lines (run_id, attempt, seq, level, message, at)
     SELECT $1, $2, * FROM unnest($3::int[], $4::text[], $5::text[], $6::timestamptz[]) ON CONFLICT DO NOTHING`,
    [
      runId,
      attempt,
      lines.map((line) => line.seq),
      lines.map((line) => line.level),
      lines.map((line) => storable(line.message).slice(0, 4000)),
      lines.map((line) => line.at),
    ],
  );
  await sql.change(
    `DELETE FROM log_lines WHERE run_id = $1 AND (attempt, seq) <= (
       SELECT attempt, seq FROM log_lines WHERE run_id = $1 ORDER BY attempt DESC, seq DESC OFFSET $2 LIMIT 1)`,
    [runId, maxLogLines],
  );
}

/** The child may have found its checkpoint unreadable and begun earlier than the claim thought: then more is superseded. */
async function writeStart(
  sql: Sql,
  run: LockedRun,
  started: AppliedOf<'started'> | undefined,
): Promise<void> {
  if (!started) return;
  await sql.change(`UPDATE runs SET total_steps = $2, micro_batch = $3 WHERE id = $1`, [
    run.id,
    started.totalSteps,
    started.microBatch,
  ]);
  if (started.fromStep === run.resumedFromStep) return;
  await sql.change(`UPDATE attempts SET resumed_from_step = $3 WHERE run_id = $1 AND number = $2`, [
    run.id,
    run.attempt,
    started.fromStep,
  ]);
  await recomputeProgress(sql, run.id);
  const { step, epoch, latest, best } = (await sql.row<LockedRun>(
    `SELECT step, epoch, latest, best FROM runs WHERE id = $1`,
    [run.id],
  ))!;
  Object.assign(run, { step, epoch, latest, best });
}

async function writeBaselines(sql: Sql, run: LockedRun, baselines: Baselines | undefined): Promise<void> {
  if (baselines)
    await sql.change(`UPDATE runs SET baselines = $2 WHERE id = $1`, [run.id, JSON.stringify(baselines)]);
}

/**
 * Points, progress, what has been applied, and the news of it: one statement, because several times a second for each run
 * a round trip costs more than the rows.
 */
async function advance(sql: Sql, run: LockedRun, events: AppliedEvent[]): Promise<void> {
  const points = ofType(events, 'point');
  const { step, epoch, latest, best } = addPoints(run, points);
  await sql.rows(
    `WITH inserted AS (
       INSERT INTO points (run_id, attempt, seq, metric, step, epoch, value, at)
       SELECT $1, $2, * FROM unnest($3::int[], $4::text[], $5::int[], $6::float8[], $7::float8[], $8::timestamptz[])
       ON CONFLICT DO NOTHING),
     progressed AS (UPDATE runs SET step = $9, epoch = $10, latest = $11, best = $12 WHERE id = $1),
     numbered AS (UPDATE attempts SET last_seq = $13 WHERE run_id = $1 AND number = $2)
     ${announcing('$14')}`,
    [
      run.id,
      run.attempt,
      points.map(({ seq }) => seq),
      points.map(({ metric }) => metric),
      points.map((point) => point.step),
      points.map((point) => point.epoch),
      points.map(({ value }) => fromMeasured(value)),
      points.map(({ at }) => at),
      step,
      epoch,
      JSON.stringify(latest),
      JSON.stringify(best),
      events.at(-1)!.seq,
      payloadsOf(newsOf(run, events)),
    ],
  );
}

function newsOf({ id: runId, attempt, sweepId }: LockedRun, events: AppliedEvent[]): Change[] {
  const lastPoint = ofType(events, 'point').at(-1);
  const samples = ofType(events, 'sample').map(({ sample }) => ({
    type: 'sample' as const,
    runId,
    attempt,
    epoch: sample.epoch,
  }));
  return [
    ...(lastPoint ? [{ type: 'points' as const, runId, attempt, lastSeq: lastPoint.seq }] : []),
    ...samples,
    { type: 'run', runId, sweepId },
  ];
}

/** The last event of an attempt decides, after all that came with it has been written. */
async function writeEnd(
  sql: Sql,
  run: LockedRun,
  events: AppliedEvent[],
  maxRestarts: number,
): Promise<void> {
  const finished = ofType(events, 'finished').at(-1);
  const failed = ofType(events, 'failed').at(-1);
  if (failed) return writeFailure(sql, run, failed, maxRestarts);
  if (!finished) return;
  if (finished.outcome === 'completed') return complete(sql, run, finished.weightsSha256);
  const state = ({ pause: 'paused', cancel: 'cancelled', continue: 'released' } as const)[run.command];
  await endAttempt(sql, run, { state, reason: null, failure: null, retry: 'free', maxRestarts });
}

async function complete(sql: Sql, run: LockedRun, weightsSha256: string): Promise<void> {
  await sql.change(
    `UPDATE attempts SET state = 'completed', ended_at = clock_timestamp() WHERE run_id = $1 AND number = $2`,
    [run.id, run.attempt],
  );
  await sql.change(
    `UPDATE runs SET state = 'completed', command = 'continue', weights_sha256 = $2, failure = NULL, ended_at = clock_timestamp()
     WHERE id = $1`,
    [run.id, weightsSha256],
  );
  await sql.announce({ type: 'run', runId: run.id, sweepId: run.sweepId }, { type: 'trainers' });
  if (run.sweepId) await sql.announce({ type: 'sweep', sweepId: run.sweepId });
}

/** Failures that another attempt, perhaps on another machine, may not meet again. The others would only repeat. */
const passingFailures: FailureClass[] = ['io', 'hungStep', 'badDevice'];

async function writeFailure(
  sql: Sql,
  run: LockedRun,
  event: AppliedOf<'failed'>,
  maxRestarts: number,
): Promise<void> {
  const { class: failureClass, message, remedy, step } = event.failure;
  const failure = { class: failureClass, message: storable(message), remedy: storable(remedy), step };
  const retry = passingFailures.includes(failureClass) ? 'counted' : 'never';
  await endAttempt(sql, run, { state: 'failed', reason: failure.message, failure, retry, maxRestarts });
}
