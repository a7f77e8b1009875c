import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { slotMemoryBytes } from '@chromatune/contracts';
import { type Database, openDatabase } from '@chromatune/database';
import { openObjectStore } from '@chromatune/storage';
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
  const { config } = options;
  const folder = await openTrainerFolder(config.TRAINER_FOLDER);
  try {
    return await startIn(folder, options);
  } catch (error) {
    await folder.release();
    throw error;
  }
}

async function startIn(folder: TrainerFolder, options: TrainerOptions): Promise<Trainer> {
  const { config, log, env, compiled = fileURLToPath(new URL('.', import.meta.url)) } = options;
  const { trainerId, attempts } = folder;
  const store = await openObjectStore(config.OBJECT_STORE_URL);
  const database = await openDatabase(config.DATABASE_URL, {
    applicationName: `chromatune trainer ${trainerId}`,
  });
  const meters = new Meters();
  const cache = new ShardCache({
    folder: config.CACHE_FOLDER,
    limitBytes: config.CACHE_LIMIT_BYTES,
    store,
    onEvent: (event, bytes) => {
      meters.cache.inc({ event });
      meters.cacheBytes.inc({ event }, bytes);
      if (event === 'corrupt') log.warn({ bytes }, 'a file arrived damaged from the object store');
    },
  });
  // Before anything slow: what a killed trainer left can only be drained while its leases last.
  await recover({ trainerId, attempts, database, store, cache, meters, log });

  const capacity = await measureCapacity(
    config,
    options.probe ??
      probeEngineIn(`${compiled}/training/probe.js`, childEnvironment(env, { slot: 0, gpus: 0 })),
    await countGpus(),
  );
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
  const app = await NestFactory.create(
    TrainerModule.of({
      redisUrl: config.REDIS_URL,
      pool: config.TRAINER_POOL,
      slots,
      supervisor,
      colorizer,
      meters,
      log,
    }),
    { logger: nestLogger(log), abortOnError: false },
  );
  await app.listen(config.TRAINER_PORT, config.TRAINER_HOST);
  const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
  supervisor.start();
  log.info({ trainerId, port }, 'ready');

  const close = async () => {
    // Redis may be away, and Bull waits for it.
    await Promise.race([app.close(), new Promise((resolve) => setTimeout(resolve, 3_000).unref())]);
    await stopListening().catch(() => undefined);
    await database.close();
    await folder.release();
  };
  return {
    id: trainerId,
    port,
    supervisor,
    stop: async () => {
      colorizer.stop();
      await supervisor.shutDown();
      await database.trainers.leave(trainerId).catch(() => undefined);
      await close();
      log.info('stopped');
    },
  };
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
