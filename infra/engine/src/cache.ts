import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { AddonSources } from './addon.js';
import { cacheFolder } from './cache-folder.js';
import { cacheNotWritable } from './engine.errors.js';
import type { EngineParts } from './pins.js';

/** What an engine folder says about itself. It is written last: a folder without it is no engine. */
const engineRecord = z.object({
  name: z.enum(['native', 'cuda']),
  tensorflowVersion: z.string(),
  tfjsVersion: z.string(),
  compiler: z.string(),
  machine: z.string(),
  builtAt: z.string(),
});
export type EngineRecord = z.infer<typeof engineRecord>;

const recordFile = 'engine.json';

/** All engines of this user, shared by every clone of the project. */
export const engineCache = (environment: NodeJS.ProcessEnv): string =>
  join(cacheFolder(environment), 'engine');

/** Everything that the addon depends on is in the name of its folder, so that no folder ever has to be changed. */
export function engineFolderName(parts: EngineParts, sources: AddonSources): string {
  const made = JSON.stringify([
    parts.wheels.map((wheel) => [wheel.sha256, wheel.keep]),
    sources.version,
    sources.sessionOptions.sha256,
    'layout 1',
  ]);
  const digest = createHash('sha256').update(made).digest('hex').slice(0, 12);
  return `${parts.name}-${parts.tensorflowVersion}-${process.platform}-${process.arch}-${digest}`;
}

export async function readEngineRecord(folder: string): Promise<EngineRecord | null> {
  try {
    return engineRecord.parse(JSON.parse(await readFile(join(folder, recordFile), 'utf8')));
  } catch {
    return null;
  }
}

/** In one rename, since another start may read it. */
export async function writeEngineRecord(folder: string, record: EngineRecord): Promise<void> {
  const fresh = join(folder, `${recordFile}.${process.pid}`);
  await writeFile(fresh, JSON.stringify(record, null, 2));
  await rename(fresh, join(folder, recordFile));
}

/** A new folder beside `folder` for building it, after removing what killed builds left there. Only under the lock. */
export async function startBuildFolder(folder: string): Promise<string> {
  const cache = join(folder, '..');
  const prefix = `${folder.split('/').at(-1)}.partial-`;
  for (const name of await readdir(cache)) {
    if (name.startsWith(prefix)) await rm(join(cache, name), { recursive: true, force: true });
  }
  const partial = join(cache, prefix + randomUUID().slice(0, 8));
  await mkdir(partial);
  return partial;
}

/** A lock whose holder died, or stopped touching it for this long, is taken over. */
const staleAfterMs = 60_000;
const touchEveryMs = 5_000;

/**
 * Runs `work` while no other process of this cache does. The lock is a folder, for which creation is atomic everywhere.
 * It only saves double work: what is built is put in place by a rename, so two builders at once would do no harm.
 */
export async function withLock<T>(
  lock: string,
  onWait: (holder: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const release = await acquireLock(lock, onWait);
  try {
    return await work();
  } finally {
    await release();
  }
}

async function acquireLock(lock: string, onWait: (holder: string) => void): Promise<() => Promise<void>> {
  const token = randomUUID();
  let told = false;
  for (;;) {
    try {
      await mkdir(join(lock, '..'), { recursive: true });
      await mkdir(lock);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cacheNotWritable(lock, error);
    }
    const holder = await readHolder(lock);
    if (holder.stale) {
      await removeStaleLock(lock, holder.token);
      continue;
    }
    if (!told) onWait(holder.name);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  await writeFile(join(lock, 'holder.json'), JSON.stringify({ token, pid: process.pid, host: hostname() }));
  const timer = setInterval(
    () => void utimes(lock, new Date(), new Date()).catch(() => undefined),
    touchEveryMs,
  );
  return async () => {
    clearInterval(timer);
    if ((await readHolder(lock)).token === token) await rm(lock, { recursive: true, force: true });
  };
}

interface Holder {
  token: string;
  name: string;
  stale: boolean;
}

async function readHolder(lock: string): Promise<Holder> {
  const age = Date.now() - ((await stat(lock).catch(() => null))?.mtimeMs ?? Date.now());
  try {
    const text = await readFile(join(lock, 'holder.json'), 'utf8');
    const { token, pid, host } = JSON.parse(text) as { token: string; pid: number; host: string };
    const died = host === hostname() && !isAlive(pid);
    return { token, name: `process ${pid} on ${host}`, stale: died || age > staleAfterMs };
  } catch {
    return { token: '', name: 'another process', stale: age > staleAfterMs }; // not written yet, or its writer was killed
  }
}

/** Moves the lock away first, so that of several waiters only one removes it, and never a fresh one. */
async function removeStaleLock(lock: string, token: string): Promise<void> {
  const aside = `${lock}.stale-${randomUUID().slice(0, 8)}`;
  try {
    await rename(lock, aside);
  } catch {
    return; // another waiter was faster
  }
  if ((await readHolder(aside)).token === token) await rm(aside, { recursive: true, force: true });
  else await rename(aside, lock).catch(() => rm(aside, { recursive: true, force: true }));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
