import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { slotMemoryBytes } from '@chromatune/contracts';
import { type Database, openDatabase } from '@chromatune/database';
import { type ObjectStore, openObjectStore } from '@chromatune/storage';
import { NestFactory } from '@nestjs/core';
import type { Logger } from 'pino';
import { childEnvironment, type TrainerConfig } from './config/trainer-environment.js';
import { nestLogger } from './nest-logger.js';
import { Colorizer } from './supervisor/colorizer.js';
import { Meters } from './supervisor/meters.js';
import {
  type Capacity,
  countGpus,
  measureCapacity,
  type Probe,
  probeEngineIn,
} from './supervisor/probe-engine.js';
import { recover } from './supervisor/recover.js';
import { ShardCache } from './supervisor/shard-cache.js';
import { Supervisor } from './supervisor/supervisor.js';
import { openTrainerFolder, type TrainerFolder } from './supervisor/trainer-folder.js';
import { TrainerModule } from './trainer.module.js';

export interface TrainerOptions {
  config: TrainerConfig;
  log: Logger;
  /** The environment of the training processes is made from it. */
  env: Record<string, string | undefined>;
  /** Folder of the compiled `training/main.js` and `training/probe.js`. */
  compiled?: string;
  /** How to learn the engine; by default in a process of its own. */
  probe?: Probe;
}

export interface Trainer {
  id: string;
  port: number;
  supervisor: Supervisor;
  /** Hands all runs back, each with a checkpoint where time allows. */
  stop(): Promise<void>;
}

/** Starts a trainer. @throws DomainError with a remedy when it cannot work here */
export async function startTrainer(options: TrainerOptions): Promise<Trainer> {
  const closing = new Closing();
  try {
    const folder = await openTrainerFolder(options.config.TRAINER_FOLDER);
    closing.add(() => folder.release());
    return await startIn(folder, options, closing);
  } catch (error) {
    await closing.closeAll();
    throw error;
  }
}

/** What was opened, closed the other way round. */
class Closing {
  private readonly closers: (() => Promise<unknown>)[] = [];

  add(close: () => Promise<unknown>): void {
    this.closers.push(close);
  }

  async closeAll(): Promise<void> {
    for (const close of this.closers.splice(0).reverse()) await close().catch(() => undefined);
  }
}

async function startIn(folder: TrainerFolder, options: TrainerOptions, closing: Closing): Promise<Trainer> {
  const { config, log, env, compiled = fileURLToPath(new URL('.', import.meta.url)) } = options;
  const { trainerId, attempts } = folder;
  const store = await openObjectStore(config.OBJECT_STORE_URL);
  const database = await openDatabase(config.DATABASE_URL, {
    applicationName: `chromatune trainer ${trainerId}`,
  });
  closing.add(() => database.close());
  const meters = new Meters();
  const cache = openCache(config, { store, meters, log });
  // Before anything slow: what a killed trainer left can only be drained while its leases last.
  await recover({ trainerId, attempts, database, store, cache, meters, log });

  const probe =
    options.probe ??
    probeEngineIn(`${compiled}/training/probe.js`, childEnvironment(env, { slot: 0, gpus: 0 }));
  const capacity = await measureCapacity(config, probe, await countGpus());
  const { environment, reason, slots, gpus } = capacity;
  log.info({ trainerId, slots, ...environment }, `trains on ${environment.engine}: ${reason}`);

  const register = () => registerTrainer(database, trainerId, capacity, config);
  await register();

  const supervisor = new Supervisor({
    config,
    trainerId,
    environment,
    slots,
    attempts,
    childEntry: `${compiled}/training/main.js`,
    childEnv: (slot) => childEnvironment(env, { slot, gpus }),
    database,
    register,
    store,
    cache,
    meters,
    slotMemoryBytes: slotMemoryBytes(capacity),
    log,
  });
  const colorizer = new Colorizer({
    trainerId,
    folder: await emptied(join(config.TRAINER_FOLDER, 'colorize')),
    childEntry: `${compiled}/training/colorize.js`,
    childEnv: childEnvironment(env, { slot: 0, gpus }),
    environment,
    store,
    cache,
    log,
  });
  const stopListening = await database.listen(
    (change) => {
      if (change.type === 'command' && change.trainerId === trainerId) void supervisor.renew();
    },
    () => void supervisor.renew(),
  );
  closing.add(stopListening);
  const port = await serve({ config, slots, supervisor, colorizer, meters, log }, closing);
  supervisor.start();
  log.info({ trainerId, port }, 'ready');

  return {
    id: trainerId,
    port,
    supervisor,
    stop: async () => {
      colorizer.stop();
      await supervisor.shutDown();
      await database.trainers.leave(trainerId).catch(() => undefined);
      await closing.closeAll();
      log.info('stopped');
    },
  };
}

function openCache(
  config: TrainerConfig,
  { store, meters, log }: { store: ObjectStore; meters: Meters; log: Logger },
): ShardCache {
  return new ShardCache({
    folder: config.CACHE_FOLDER,
    limitBytes: config.CACHE_LIMIT_BYTES,
    store,
    onEvent: (event, bytes) => {
      meters.cache.inc({ event });
      meters.cacheBytes.inc({ event }, bytes);
      if (event === 'corrupt') log.warn({ bytes }, 'a file arrived damaged from the object store');
    },
  });
}

interface Served {
  config: TrainerConfig;
  slots: number;
  supervisor: Supervisor;
  colorizer: Colorizer;
  meters: Meters;
  log: Logger;
}

/** Takes jobs of the queue, and answers over HTTP on the port that comes back. */
async function serve({ config, log, ...parts }: Served, closing: Closing): Promise<number> {
  const app = await NestFactory.create(
    TrainerModule.of({ redisUrl: config.REDIS_URL, pool: config.TRAINER_POOL, log, ...parts }),
    { logger: nestLogger(log), abortOnError: false },
  );
  await app.listen(config.TRAINER_PORT, config.TRAINER_HOST); // before it Bull still connects, and cannot be closed
  // Redis may be away, and Bull waits for it.
  closing.add(() =>
    Promise.race([app.close(), new Promise((resolve) => setTimeout(resolve, 3_000).unref())]),
  );
  return (app.getHttpServer() as { address(): AddressInfo }).address().port;
}

/** A folder with nothing in it, whatever a trainer that was killed left there. */
async function emptied(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  return folder;
}

function registerTrainer(
  database: Database,
  id: string,
  { environment, reason, slots, memoryBytes }: Capacity,
  { TRAINER_POOL: pool }: TrainerConfig,
) {
  return database.trainers.register({
    id,
    host: hostname(),
    pool,
    slots,
    environment,
    engineReason: reason,
    memoryBytes,
  });
}
