import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError, trainerId as trainerIdSchema } from '@chromatune/contracts';

/** A trainer's own folder: its id, kept between starts, and a lock, because two trainers with one id would share leases. */
export interface TrainerFolder {
  trainerId: string;
  attempts: string;
  release(): Promise<void>;
}

/** @throws DomainError when another trainer holds the folder, or it cannot be written */
export async function openTrainerFolder(folder: string): Promise<TrainerFolder> {
  const attempts = join(folder, 'attempts');
  await mkdir(attempts, { recursive: true }).catch((error: unknown) => {
    throw cannotWrite(folder, error);
  });
  const release = await lock(join(folder, 'trainer.lock'), folder);
  return { trainerId: await readOrCreateId(join(folder, 'trainer-id')), attempts, release };
}

async function readOrCreateId(path: string): Promise<string> {
  const kept = await readFile(path, 'utf8').catch(() => '');
  if (trainerIdSchema.safeParse(kept.trim()).success) return kept.trim();
  const id = `${hostSlug()}-${randomBytes(3).toString('hex')}`;
  await writeFile(`${path}.new`, `${id}\n`);
  await rename(`${path}.new`, path);
  return id;
}

function hostSlug() {
  const slug = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return slug.slice(0, 40) || 'trainer';
}

interface Holder {
  pid: number;
  host: string;
  /** Start of the process in clock ticks, where /proc tells: a pid alone may have been given to another process. */
  startedAt: string | null;
  token: string;
}

/** Elsewhere a pid says nothing, so the holder touches its lock, and one untouched for this long is stale. */
const foreignLockStaleMs = 30_000;
const touchEveryMs = 5_000;
/** Removing a stale lock takes milliseconds; whoever held on to it for this long was killed while doing it. */
const removalStaleMs = 5_000;

async function lock(path: string, folder: string): Promise<() => Promise<void>> {
  const own: Holder = {
    pid: process.pid,
    host: hostname(),
    startedAt: await processStart(process.pid),
    token: randomBytes(8).toString('hex'),
  };
  const candidate = `${path}.${own.token}`;
  await writeFile(candidate, JSON.stringify(own)).catch((error: unknown) => {
    throw cannotWrite(folder, error);
  });
  try {
    await takeLock(path, candidate, folder);
  } finally {
    await rm(candidate, { force: true });
  }
  const touching = setInterval(() => void touch(path), touchEveryMs).unref();
  return async () => {
    clearInterval(touching);
    const holder = await readHolder(path);
    if (holder !== 'none' && holder?.token === own.token) await rm(path, { force: true });
  };
}

/** `link` fails when the lock exists, so of two that start together one wins; a stale lock is removed first. */
async function takeLock(path: string, candidate: string, folder: string): Promise<void> {
  for (;;) {
    if (await linked(candidate, path, folder)) return;
    const holder = await readHolder(path);
    if (holder === 'none') continue;
    if (holder !== null && (await isAlive(path, holder))) throw folderInUse(folder, holder);
    await removeStale(path, candidate, folder);
  }
}

/**
 * Looks again and removes the lock, alone: without the second lock, one that looked before another took the place of the
 * stale lock would remove that other's.
 */
async function removeStale(path: string, candidate: string, folder: string): Promise<void> {
  const removing = `${path}.removing`;
  if (!(await linked(candidate, removing, folder))) {
    const held = await stat(removing).catch(() => null);
    if (held !== null && Date.now() - held.mtimeMs > removalStaleMs) await rm(removing, { force: true });
    await sleep(20);
    return;
  }
  try {
    const holder = await readHolder(path);
    if (holder !== 'none' && (holder === null || !(await isAlive(path, holder))))
      await rm(path, { force: true });
  } finally {
    await rm(removing, { force: true });
  }
}

async function linked(candidate: string, path: string, folder: string): Promise<boolean> {
  try {
    await link(candidate, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cannotWrite(folder, error);
  }
}

async function isAlive(path: string, holder: Holder): Promise<boolean> {
  if (holder.host !== hostname()) {
    const touched = await stat(path).catch(() => null);
    return touched !== null && Date.now() - touched.mtimeMs < foreignLockStaleMs;
  }
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const startedAt = await processStart(holder.pid);
  return holder.startedAt === null || startedAt === null || startedAt === holder.startedAt;
}

/** Null when the lock cannot be understood, `none` when there is no lock (any more). */
async function readHolder(path: string): Promise<Holder | null | 'none'> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'none' : null;
  }
}

/** Field 22 of /proc/<pid>/stat; the fields before it are counted after the command's closing bracket. */
async function processStart(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

const touch = (path: string) => utimes(path, new Date(), new Date()).catch(() => undefined);

const folderInUse = (folder: string, { pid, host }: Holder) =>
  new DomainError(
    'trainer_folder_in_use',
    409,
    `Another trainer (process ${pid} on ${host}) uses ${folder}.`,
    {
      remedy: 'Stop it, or give this trainer its own TRAINER_FOLDER.',
    },
  );

const cannotWrite = (folder: string, cause: unknown) =>
  new DomainError(
    'trainer_folder_unwritable',
    500,
    `Cannot write to ${folder}: ${(cause as Error).message}`,
    {
      remedy: 'Make TRAINER_FOLDER a folder that this user may write to, with free space.',
      cause,
    },
  );
