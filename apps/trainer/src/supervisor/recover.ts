import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '@chromatune/database';
import type { ObjectStore } from '@chromatune/storage';
import type { Logger } from 'pino';
import { Drain } from './drain.js';
import type { Meters } from './meters.js';
import type { ShardCache } from './shard-cache.js';
import { Spool } from './spool.js';

export interface RecoverOptions {
  trainerId: string;
  attempts: string;
  database: Database;
  store: ObjectStore;
  cache: ShardCache;
  meters: Meters;
  log: Logger;
  /** Time for all leftovers together. */
  limitMs?: number;
}

/**
 * After a kill: brings what earlier attempts had measured to Postgres, as far as they may still write, then gives their
 * runs back. Their processes died with the trainer that started them. What cannot be drained is measured again.
 */
export async function recover(options: RecoverOptions): Promise<void> {
  const { trainerId, attempts, database, cache, log, limitMs = 20_000 } = options;
  const deadline = Date.now() + limitMs;
  for (const name of await readdir(attempts)) {
    await drainLeftover(options, name, deadline).catch((error: unknown) =>
      log.warn({ err: error, leftover: name }, 'what this attempt had measured is measured again'),
    );
  }
  const lost = await database.runs.markTrainerAttemptsLost(trainerId);
  for (const runId of lost)
    log.info({ runId }, 'an attempt was lost with the last trainer process; its run goes on');
  for (const name of await readdir(attempts))
    await rm(join(attempts, name), { recursive: true, force: true });
  await cache.endUsesOf(trainerId);
}

async function drainLeftover(options: RecoverOptions, name: string, deadline: number): Promise<void> {
  const { attempts, database, store, meters, log } = options;
  const dot = name.lastIndexOf('.');
  const [runId, attempt] = [name.slice(0, dot), Number(name.slice(dot + 1))];
  if (dot < 1 || !Number.isInteger(attempt)) return;

  const spool = await Spool.open(join(attempts, name));
  const nothing = () => undefined;
  const drain = new Drain({
    runId,
    attempt,
    spool,
    database,
    store,
    meters,
    log: log.child({ runId, attempt }),
    onFenced: nothing,
    onCheckpoint: nothing,
  });
  const timeout = setTimeout(() => drain.stop(), Math.max(0, deadline - Date.now()));
  try {
    const outcome = await drain.finish();
    log.info({ runId, attempt, outcome }, 'drained what the last trainer process had left');
  } finally {
    clearTimeout(timeout);
    await spool.close();
  }
}
