import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { engineName, parseEnvironment, serviceEnvironment } from '@chromatune/contracts';
import { z } from 'zod';

const GiB = 1024 ** 3;
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** Every setting of a trainer. Slots, threads and the cache folder have defaults that depend on the machine: see below. */
const settings = serviceEnvironment.extend({
  /** Where the trainer keeps its id, its spools and the work folders of its attempts. One trainer a folder. */
  TRAINER_FOLDER: z.string().min(1),
  /** Runs trained side by side. By default one a GPU, on a CPU one for every two cores, but two where there are two. */
  TRAINER_SLOTS: whole(1, 64).optional(),
  /** It takes runs of this pool only. */
  TRAINER_POOL: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,30}$/, 'use lower-case letters, digits and "-"')
    .default('default'),
  TRAINER_HOST: z.string().default('127.0.0.1'),
  /** Port of /health and /metrics; 0 takes a free one. */
  TRAINER_PORT: whole(0, 65_535).default(0),
  CHROMATUNE_ENGINE: z.enum(['auto', ...engineName.options]).default('auto'),
  /** Threads of one training process. By default the cores divided by the slots. Part of a run's environment. */
  CHROMATUNE_THREADS: whole(1, 1024).optional(),
  /** An attempt whose lease was not renewed for this long is lost, and its run is queued again. */
  LEASE_SECONDS: z.coerce.number().min(1).max(3600).default(30),
  RENEW_SECONDS: z.coerce.number().min(0.2).max(1200).default(10),
  /** How often free slots look for queued runs by themselves, should Redis be away. */
  POLL_SECONDS: z.coerce.number().min(0.1).max(600).default(5),
  /** Verified copies of dataset files, shared by the trainers of a machine. By default inside TRAINER_FOLDER. */
  CACHE_FOLDER: z.string().min(1).optional(),
  CACHE_LIMIT_BYTES: whole(1, Number.MAX_SAFE_INTEGER).default(20 * GiB),
  /** Measurements and checkpoints of one attempt kept on disk while Postgres or the object store is away. */
  SPOOL_LIMIT_BYTES: whole(1024, Number.MAX_SAFE_INTEGER).default(2 * GiB),
  /** A training process that says nothing for this long is hung. Far above the slowest step one would train with. */
  HUNG_SECONDS: z.coerce.number().min(1).max(86_400).default(900),
  /** After SIGTERM: time to save checkpoints and hand the runs back. */
  SHUTDOWN_GRACE_SECONDS: z.coerce.number().min(0).max(3600).default(25),
});

export const trainerEnvironment = settings.refine(
  ({ LEASE_SECONDS, RENEW_SECONDS }) => RENEW_SECONDS * 2 <= LEASE_SECONDS,
  {
    path: ['RENEW_SECONDS'],
    error: 'must be at most half of LEASE_SECONDS, so that one renewal may be missed',
  },
);
export type TrainerEnvironment = z.infer<typeof trainerEnvironment>;

export type TrainerConfig = TrainerEnvironment & { CACHE_FOLDER: string };

/** @throws DomainError naming each variable that is missing or wrong */
export function loadConfig(source: Record<string, string | undefined>): TrainerConfig {
  const parsed = parseEnvironment(trainerEnvironment, source);
  return { ...parsed, CACHE_FOLDER: parsed.CACHE_FOLDER ?? join(parsed.TRAINER_FOLDER, 'cache') };
}

/** Two runs side by side on the smallest machine, because a sweep is watched by comparing. */
export function defaultSlots({ gpus, cores = availableParallelism() }: { gpus: number; cores?: number }) {
  if (gpus > 0) return gpus;
  return cores >= 2 ? Math.max(2, Math.floor(cores / 2)) : 1;
}

export const defaultThreads = ({
  slots,
  cores = availableParallelism(),
}: {
  slots: number;
  cores?: number;
}) => Math.max(1, Math.floor(cores / slots));

/** Settings that a training process has no use for, some of them secret. */
const supervisorsOnly = ['DATABASE_URL', 'REDIS_URL', 'OBJECT_STORE_URL'];

/** Environment variables of the training process in a slot: each slot has its own GPU. */
export function childEnvironment(
  source: Record<string, string | undefined>,
  { slot, gpus }: { slot: number; gpus: number },
): Record<string, string | undefined> {
  const kept = Object.entries(source).filter(([name]) => !supervisorsOnly.includes(name));
  return { ...Object.fromEntries(kept), ...(gpus > 0 ? { CUDA_VISIBLE_DEVICES: String(slot % gpus) } : {}) };
}
