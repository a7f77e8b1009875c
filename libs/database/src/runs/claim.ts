import {
  type Checkpoint,
  type DatasetManifest,
  DomainError,
  type Environment,
  isSameEngine,
  type Recipe,
  type Run,
  type Weights,
} from '@chromatune/contracts';
import { type Sql } from '../session.js';
import { latestCheckpoint } from '../stores/checkpoints.store.js';
import { onlineTrainers, type RunRow, selectRuns, toRun } from '../stores/run-row.js';
import { recomputeProgress } from './progress.js';
import { recipeDigest } from './recipe-digest.js';

export interface ClaimRequest {
  runId: string;
  attempt: number;
  trainerId: string;
  environment: Environment;
  leaseSeconds: number;
}

/** All that a trainer needs to begin an attempt. `attempt` is its fencing token. */
export interface Claim {
  run: Run;
  recipe: Recipe;
  manifest: DatasetManifest;
  attempt: number;
  /** The checkpoint to go on from, null for the initial weights. */
  resume: Checkpoint | null;
  /** The imported weights that its recipe names, null for none. */
  weights: Pick<Weights, 'digest' | 'bytes'> | null;
  /** The imported weights of LPIPS that its recipe names, null for none. */
  lpips: Pick<Weights, 'digest' | 'bytes'> | null;
  /** Images to compute at once, where an earlier attempt or the reproduced run has decided it. */
  microBatch: number | null;
}

/** The row lock makes one of many claimers the first; the others then see another state or attempt. */
export async function claimRun(sql: Sql, request: ClaimRequest): Promise<Claim | null> {
  const row = await sql.row<RunRow>(`SELECT * FROM runs WHERE id = $1 FOR UPDATE`, [request.runId]);
  if (row?.state !== 'queued' || row.attempt !== request.attempt - 1) return null;
  if (row.environment && !isSameEngine(row.environment, request.environment)) return null;
  if (await isDraining(sql, request.trainerId)) return null;

  const manifest = await readManifest(sql, row);
  const { weights: ofEncoder = 'none' } = row.recipe.model as { weights?: string }; // version 1 knew none
  const weights = await readWeights(sql, row.id, ofEncoder);
  const lpips = await readWeights(sql, row.id, row.recipe.lpips ?? 'none');
  const resume = await latestCheckpoint(sql, row.id);
  await beginAttempt(sql, row, request, resume?.step ?? 0);
  if (request.attempt > 1) await recomputeProgress(sql, row.id);
  await sql.announce({ type: 'run', runId: row.id, sweepId: row.sweepId }, { type: 'trainers' });

  const claimed = await sql.row<RunRow>(`${selectRuns} WHERE r.id = $1`, [row.id]);
  const run = toRun(claimed!, await onlineTrainers(sql));
  return {
    run,
    recipe: row.recipe,
    manifest,
    attempt: request.attempt,
    resume,
    weights,
    lpips,
    microBatch: row.microBatch,
  };
}

async function beginAttempt(sql: Sql, run: RunRow, request: ClaimRequest, fromStep: number): Promise<void> {
  const environment = run.environment ?? request.environment;
  const digest = recipeDigest(run.recipe, environment, run.microBatch);
  await sql.change(
    `UPDATE runs SET state = 'running', command = 'continue', attempt = $2, environment = $3, recipe_digest = $4,
       failure = NULL, started_at = coalesce(started_at, now()), ended_at = NULL
     WHERE id = $1`,
    [run.id, request.attempt, JSON.stringify(environment), digest],
  );
  await sql.change(
    `INSERT INTO attempts (run_id, number, trainer_id, resumed_from_step, environment, lease_seconds, lease_until, last_seen_at, started_at)
     VALUES ($1, $2, $3, $4, $5, $6::float8, clock_timestamp() + make_interval(secs => $6::float8), clock_timestamp(), clock_timestamp())`,
    [
      run.id,
      request.attempt,
      request.trainerId,
      fromStep,
      JSON.stringify(request.environment),
      request.leaseSeconds,
    ],
  );
}

async function isDraining(sql: Sql, trainerId: string): Promise<boolean> {
  const row = await sql.row<{ draining: boolean }>(`SELECT draining FROM trainers WHERE id = $1`, [
    trainerId,
  ]);
  return row?.draining ?? false;
}

async function readManifest(sql: Sql, { id, recipe }: RunRow): Promise<DatasetManifest> {
  const row = await sql.row<{ manifest: DatasetManifest }>(
    `SELECT manifest FROM dataset_versions WHERE digest = $1`,
    [recipe.dataset.digest],
  );
  if (row) return row.manifest;
  throw new DomainError(
    'dataset_not_found',
    404,
    `Run ${id} needs version ${recipe.dataset.digest.slice(0, 12)} of the dataset ${recipe.dataset.name}, which is not there.`,
    { remedy: 'Import that dataset again with the same files and options: the digest will be the same.' },
  );
}

async function readWeights(sql: Sql, runId: string, digest: string): Promise<Claim['weights']> {
  if (digest === 'none') return null;
  const row = await sql.row<{ bytes: string }>(`SELECT bytes FROM weights WHERE digest = $1`, [digest]);
  if (row) return { digest, bytes: Number(row.bytes) };
  throw new DomainError(
    'weights_not_found',
    404,
    `Run ${runId} needs the weights ${digest.slice(0, 12)}, which are not there.`,
    { remedy: 'Import the same file again: npx chromatune weights import FILE' },
  );
}
