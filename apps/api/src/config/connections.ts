import { type Database, openDatabase } from '@chromatune/database';
import { type ObjectStore, openObjectStore } from '@chromatune/storage';
import { type DynamicModule, Global, Inject, Module } from '@nestjs/common';
import { TrainingQueue } from '../scheduler/training-queue.js';
import type { ApiEnvironment } from './environment.js';

/** What the API talks to. Opened before Nest starts, closed after it has stopped. */
export interface Connections {
  database: Database;
  objects: ObjectStore;
  queue: TrainingQueue;
}

/** Settings that features may inject. The services' addresses stay in `main.ts`: they hold passwords. */
export type Settings = Omit<ApiEnvironment, 'DATABASE_URL' | 'REDIS_URL' | 'OBJECT_STORE_URL'>;

const databaseToken = Symbol('Database');
const objectStoreToken = Symbol('ObjectStore');
const settingsToken = Symbol('Settings');
export const InjectDatabase = () => Inject(databaseToken);
export const InjectObjectStore = () => Inject(objectStoreToken);
export const InjectSettings = () => Inject(settingsToken);

/** Redis may be away at the start: the queue connects when it comes back. */
export async function openConnections(environment: ApiEnvironment): Promise<Connections> {
  const objects = await openObjectStore(environment.OBJECT_STORE_URL);
  const database = await openDatabase(environment.DATABASE_URL, {
    poolSize: environment.DATABASE_POOL_SIZE,
    applicationName: 'chromatune-api',
  });
  try {
    await database.migrate();
  } catch (error) {
    await database.close();
    throw error;
  }
  return { database, objects, queue: new TrainingQueue(environment.REDIS_URL) };
}

export async function closeConnections({ database, queue }: Connections): Promise<void> {
  await Promise.allSettled([queue.close(), database.close()]);
}

@Global()
@Module({})
export class ConnectionsModule {
  static of(settings: Settings, { database, objects, queue }: Connections): DynamicModule {
    const providers = [
      { provide: databaseToken, useValue: database },
      { provide: objectStoreToken, useValue: objects },
      { provide: settingsToken, useValue: settings },
      { provide: TrainingQueue, useValue: queue },
    ];
    return { module: ConnectionsModule, providers, exports: providers };
  }
}
