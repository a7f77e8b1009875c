import 'reflect-metadata';
import { type Change } from '@chromatune/contracts';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import { explainConnectionError } from './connection-errors.js';
import { AttemptEntity } from './entities/attempt.entity.js';
import { CheckpointEntity } from './entities/checkpoint.entity.js';
import { DatasetVersionEntity } from './entities/dataset-version.entity.js';
import { LogLineEntity } from './entities/log-line.entity.js';
import { MemoryCorrectionEntity } from './entities/memory-correction.entity.js';
import { PointEntity } from './entities/point.entity.js';
import { RunEntity } from './entities/run.entity.js';
import { SampleEntity } from './entities/sample.entity.js';
import { SweepEntity } from './entities/sweep.entity.js';
import { TrainerEntity } from './entities/trainer.entity.js';
import { WeightsEntity } from './entities/weights.entity.js';
import { type Leadership, tryLeadership } from './leadership.js';
import { listen } from './listening.js';
import { CreateSchema1763856000000 } from './migrations/1763856000000-create-schema.js';
import { CreateWeights1764104400000 } from './migrations/1764104400000-create-weights.js';
import { AddMicroBatch1764108000000 } from './migrations/1764108000000-add-micro-batch.js';
import { NameNetworksOfWeights1764115200000 } from './migrations/1764115200000-name-networks-of-weights.js';
import { CreateMemoryCorrections1764118800000 } from './migrations/1764118800000-create-memory-corrections.js';
import { Session } from './session.js';
import { CheckpointsStore } from './stores/checkpoints.store.js';
import { DatasetsStore } from './stores/datasets.store.js';
import { LogsStore } from './stores/logs.store.js';
import { MemoryCorrectionsStore } from './stores/memory-corrections.store.js';
import { PointsStore } from './stores/points.store.js';
import { RunsStore } from './stores/runs.store.js';
import { SamplesStore } from './stores/samples.store.js';
import { SweepsStore } from './stores/sweeps.store.js';
import { TrainersStore } from './stores/trainers.store.js';
import { WeightsStore } from './stores/weights.store.js';

export interface DatabaseOptions {
  /** Connections at most; 10 unless told. `listen` and a leadership each take one more. */
  poolSize?: number;
  /** Shown in pg_stat_activity. */
  applicationName?: string;
  /** Times that a run begins again after a loss or a passing failure, before it fails. */
  maxRestarts?: number;
}

/** Connects at once. Error: `database_unavailable` with what to correct. */
export async function openDatabase(url: string, options: DatabaseOptions = {}): Promise<Database> {
  const dataSource = createDataSource(url, options);
  try {
    await dataSource.initialize();
  } catch (error) {
    throw explainConnectionError(error, url);
  }
  return new Database(dataSource, url, options.maxRestarts ?? 5);
}

/** PostgreSQL, the truth of the whole platform. Stores take and return the types of `@chromatune/contracts`. */
export class Database {
  private readonly session: Session;
  readonly sweeps: SweepsStore;
  readonly runs: RunsStore;
  readonly points: PointsStore;
  readonly samples: SamplesStore;
  readonly checkpoints: CheckpointsStore;
  readonly logs: LogsStore;
  readonly datasets: DatasetsStore;
  readonly trainers: TrainersStore;
  readonly weights: WeightsStore;
  readonly memoryCorrections: MemoryCorrectionsStore;

  constructor(
    private readonly dataSource: DataSource,
    private readonly url: string,
    maxRestarts: number,
  ) {
    this.session = new Session(dataSource, url);
    this.sweeps = new SweepsStore(this.session);
    this.runs = new RunsStore(this.session, maxRestarts);
    this.points = new PointsStore(this.session);
    this.samples = new SamplesStore(this.session);
    this.checkpoints = new CheckpointsStore(this.session);
    this.logs = new LogsStore(this.session);
    this.datasets = new DatasetsStore(this.session);
    this.trainers = new TrainersStore(this.session);
    this.weights = new WeightsStore(this.session);
    this.memoryCorrections = new MemoryCorrectionsStore(this.session);
  }

  /** Brings the schema up to date. Processes that start together do it one after the other. */
  async migrate(): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.connect();
      await runner.query(`SELECT pg_advisory_lock(hashtextextended('chromatune/migrate', 0))`);
      try {
        await this.dataSource.runMigrations();
      } finally {
        await runner
          .query(`SELECT pg_advisory_unlock(hashtextextended('chromatune/migrate', 0))`)
          .catch(() => undefined);
      }
    } catch (error) {
      throw explainConnectionError(error, this.url);
    } finally {
      await runner.release().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  /** Error: `database_unavailable`. */
  async ping(): Promise<void> {
    await this.session.read((sql) => sql.rows('SELECT 1'));
  }

  /** Null when another process leads under this name. */
  tryLeadership(name: string): Promise<Leadership | null> {
    return tryLeadership(this.url, name);
  }

  /** See `listen` in listening.ts: after `onReconnect`, changes may have been missed. Answers how to stop. */
  listen(onChange: (change: Change) => void, onReconnect: () => void): Promise<() => Promise<void>> {
    return listen(this.url, onChange, onReconnect);
  }
}

/** For `openDatabase` and for the tests of the schema. */
export function createDataSource(
  url: string,
  { poolSize = 10, applicationName = 'chromatune' }: DatabaseOptions = {},
) {
  return new DataSource({
    type: 'postgres',
    url,
    applicationName,
    synchronize: false,
    installExtensions: false,
    entities: [
      DatasetVersionEntity,
      SweepEntity,
      RunEntity,
      AttemptEntity,
      PointEntity,
      SampleEntity,
      CheckpointEntity,
      LogLineEntity,
      TrainerEntity,
      WeightsEntity,
      MemoryCorrectionEntity,
    ],
    migrations: [
      CreateSchema1763856000000,
      CreateWeights1764104400000,
      AddMicroBatch1764108000000,
      NameNetworksOfWeights1764115200000,
      CreateMemoryCorrections1764118800000,
    ],
    migrationsTransactionMode: 'all',
    logging: false,
    poolErrorHandler: () => undefined, // an idle connection broke: the next use says so
    extra: {
      max: Math.max(2, poolSize),
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
      // Between the pool and TypeORM nobody listens for a moment; an error just then would end the whole process.
      onConnect: (client: pg.ClientBase) => void client.on('error', () => undefined),
      // A process that hangs in the middle of a transaction must not keep its locks.
      idle_in_transaction_session_timeout: 30_000,
    },
  });
}
