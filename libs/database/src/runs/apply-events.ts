import {
  type Baselines,
  type Change,
  DomainError,
  type FailureClass,
  fromMeasured,
  type Run,
  type SpooledEvent,
} from '@chromatune/contracts';
import { announcement, payloadsOf, type Sql, storable } from '../session.js';
import { type RunRow } from '../stores/run-row.js';
import { endAttempt, type RunningRun } from './leases.js';
import { addPoints, type Progress, recomputeProgress } from './progress.js';
import { recipeDigest } from './recipe-digest.js';

type EventOf<T extends SpooledEvent['type']> = Extract<SpooledEvent, { type: T }>;

/** A spooled event as it is written: the files of samples and checkpoints are in the object store by now, under `key`. */
export type AppliedEvent =
  | Exclude<SpooledEvent, { type: 'sample' | 'checkpoint' }>
  | (Omit<EventOf<'sample'>, 'file'> & { key: string })
  | (Omit<EventOf<'checkpoint'>, 'file'> & { key: string });
type AppliedOf<T extends AppliedEvent['type']> = Extract<AppliedEvent, { type: T }>;

export interface AttemptKey {
  runId: string;
  attempt: number;
}

/** Events of one attempt in ascending order of `seq`, without gaps after those applied before. */
interface Batch extends AttemptKey {
  events: AppliedEvent[];
}

/** What a current attempt has come to: as long as nobody takes its run away, only its own events change that. */
export interface Standing extends Progress {
  sweepId: string | null;
  lastSeq: number;
}

/** Log lines kept per run; the oldest go first. */
export const maxLogLines = 10_000;

/** Within a transaction: `last_seq` of the attempt tells what is new; the lock of the run keeps others out. */
export async function applyEvents(sql: Sql, batch: Batch, maxRestarts: number): Promise<Standing | 'fenced'> {
  const run = await lockForEvents(sql, batch);
  if (!run) return 'fenced';
  const fresh = freshEvents(batch, run.lastSeq);
  if (!isCurrent(run, batch)) return fresh.length === 0 && run.attemptState !== 'lost' ? run : 'fenced';
  if (fresh.length === 0) return run;

  await insertSamples(sql, batch, ofType(fresh, 'sample'));
  await insertCheckpoints(sql, batch, ofType(fresh, 'checkpoint'));
  await insertLogLines(sql, batch, ofType(fresh, 'log'));
  await writeStart(sql, run, ofType(fresh, 'started').at(-1));
  await writeBaselines(sql, run, ofType(fresh, 'baselines').at(-1)?.baselines);
  const standing = await advance(sql, run, { ...batch, events: fresh });
  await writeEnd(sql, run, fresh, maxRestarts);
  return standing!;
}

/**
 * As `applyEvents`, in one statement without a lock held before, of points that follow on how the attempt was left.
 * Null, with nothing written, when it is not as it was left or when there is more than points.
 */
export async function applyPoints(sql: Sql, left: Standing, batch: Batch): Promise<Standing | null> {
  const { events } = batch;
  const follows = events.every(
    ({ type, seq }, index) => type === 'point' && seq === left.lastSeq + 1 + index,
  );
  return follows && events.length > 0 ? advance(sql, left, batch) : null;
}

interface LockedRun extends RunningRun, Standing, Pick<Run, 'state'> {
  attemptState: string;
  resumedFromStep: number;
}

function lockForEvents(sql: Sql, { runId, attempt }: AttemptKey): Promise<LockedRun | undefined> {
  return sql.row<LockedRun>(
    `SELECT r.id, r.sweep_id, r.attempt, r.command, r.restarts, r.state, r.step, r.epoch, r.latest, r.best,
       a.trainer_id, a.state AS attempt_state, a.last_seq, a.resumed_from_step, 0 AS silent_seconds
     FROM runs r JOIN attempts a ON a.run_id = r.id AND a.number = $2 WHERE r.id = $1 FOR UPDATE`,
    [runId, attempt],
  );
}

const isCurrent = (run: LockedRun, { attempt }: AttemptKey) =>
  run.attempt === attempt && run.state === 'running' && run.attemptState === 'running';

/** Leaves out what was applied before. A gap is refused: what is missing would be lost for ever. */
function freshEvents({ runId, attempt, events }: Batch, lastSeq: number): AppliedEvent[] {
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
  { runId, attempt }: AttemptKey,
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
  { runId, attempt }: AttemptKey,
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
  { runId, attempt }: AttemptKey,
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
  const { recipe, environment } = (await sql.row<Pick<RunRow, 'recipe' | 'environment'>>(
    `SELECT recipe, environment FROM runs WHERE id = $1`,
    [run.id],
  ))!;
  const digest = recipeDigest(recipe, environment!, started.microBatch); // the claim has set the environment
  await sql.change(`UPDATE runs SET total_steps = $2, micro_batch = $3, recipe_digest = $4 WHERE id = $1`, [
    run.id,
    started.totalSteps,
    started.microBatch,
    digest,
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
 * Points, progress, what has been applied, and the news of it: one statement, planned once a connection, because several
 * times a second for each run a round trip costs more than the rows. Null when the attempt is not as it was left.
 */
async function advance(
  sql: Sql,
  left: Standing,
  { runId, attempt, events }: Batch,
): Promise<Standing | null> {
  const points = ofType(events, 'point');
  const progress = addPoints(left, points);
  const standing = { sweepId: left.sweepId, lastSeq: events.at(-1)!.seq, ...progress };
  const told = await sql.prepared('advance', advanceStatement, [
    runId,
    attempt,
    points.map(({ seq }) => seq),
    points.map(({ metric }) => metric),
    points.map(({ step }) => step),
    points.map(({ epoch }) => epoch),
    points.map(({ value }) => fromMeasured(value)),
    points.map(({ at }) => at),
    progress.step,
    progress.epoch,
    JSON.stringify(progress.latest),
    JSON.stringify(progress.best),
    left.lastSeq,
    standing.lastSeq,
    payloadsOf(newsOf({ runId, attempt, sweepId: left.sweepId }, events)),
  ]);
  return told.length > 0 ? standing : null;
}

/** Locks the run before the attempt, as all do. */
const advanceStatement = `
  WITH found AS (
    SELECT r.id, a.number FROM runs r JOIN attempts a ON a.run_id = r.id AND a.number = r.attempt
    WHERE r.id = $1 AND r.attempt = $2 AND r.state = 'running' AND a.state = 'running' AND a.last_seq = $13
    FOR UPDATE),
  inserted AS (
    INSERT INTO points (run_id, attempt, seq, metric, step, epoch, value, at)
    SELECT found.*, point.* FROM found,
      unnest($3::int[], $4::text[], $5::int[], $6::float8[], $7::float8[], $8::timestamptz[]) AS point
    ON CONFLICT DO NOTHING),
  progressed AS (
    UPDATE runs r SET step = $9, epoch = $10, latest = $11, best = $12 FROM found WHERE r.id = found.id),
  numbered AS (
    UPDATE attempts a SET last_seq = $14 FROM found WHERE a.run_id = found.id AND a.number = found.number)
  SELECT ${announcement} FROM found, unnest($15::text[]) AS payload`;

function newsOf(
  { runId, attempt, sweepId }: AttemptKey & Pick<Standing, 'sweepId'>,
  events: AppliedEvent[],
): Change[] {
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
