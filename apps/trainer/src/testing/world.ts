import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  colorizeKey,
  type ColorizeProblem,
  colorizeProblem,
  datasetFileKey,
  jobId,
  jobs,
  type WeightsNetwork,
  queueName,
  type Recipe,
  type RunDetail,
  weightsKey,
} from '@chromatune/contracts';
import { type Database, openDatabase } from '@chromatune/database';
import { openObjectStore, type ObjectStore } from '@chromatune/storage';
import Bull from 'bull';
import { pino } from 'pino';
import { loadConfig, type TrainerConfig } from '../config/trainer-environment.js';
import { type Probe, probeEngineIn } from '../supervisor/probe-engine.js';
import { startTrainer, type Trainer } from '../trainer.js';
import { filesByKey, makeTinyDataset, type TinyDataset } from './tiny-dataset.js';
import type { TestWeights } from './tiny-weights.js';

/** The compiled training process: what is forked in production too. `npm run build` makes it. */
export const compiled = fileURLToPath(new URL('../../dist', import.meta.url));

/** One line of a trainer's log. */
export interface LogRecord {
  msg: string;
  runId?: string;
  attempt?: number;
  pid?: number;
}

/** A database, a folder store with a tiny dataset, and trainers that share them. */
export class World {
  readonly dataset: TinyDataset = makeTinyDataset({ train: [300, 200], validation: 6 });
  readonly logs: LogRecord[] = [];
  private readonly trainers: Trainer[] = [];
  private started = 0;

  /** The engine is the same for all trainers of a spec: looked for once. */
  private readonly probe: Probe = async (request) =>
    (this.probed ??= probeEngineIn(join(compiled, 'training/probe.js'), this.env)(request));
  private probed: ReturnType<Probe> | undefined;

  private constructor(
    readonly folder: string,
    readonly databaseUrl: string,
    readonly redisUrl: string,
    readonly database: Database,
    readonly store: ObjectStore,
    private readonly env: Record<string, string | undefined>,
  ) {}

  static async make(options: {
    folder: string;
    databaseUrl: string;
    redisUrl: string;
    /** Environment of the training processes. */
    env: Record<string, string | undefined>;
  }): Promise<World> {
    mkdirSync(join(options.folder, 'objects'), { recursive: true });
    const database = await openDatabase(options.databaseUrl, { poolSize: 4 });
    const store = await openObjectStore(pathToFileURL(join(options.folder, 'objects')).href);
    const world = new World(
      options.folder,
      options.databaseUrl,
      options.redisUrl,
      database,
      store,
      options.env,
    );
    for (const { file, content } of filesByKey(world.dataset)) await store.put(datasetFileKey(file), content);
    await database.datasets.insertVersion(world.dataset.manifest, world.dataset.digest, 1000);
    return world;
  }

  /** Makes weights known, as an import does. */
  async addWeights({ digest, bytes }: TestWeights, network: WeightsNetwork): Promise<void> {
    await this.store.put(weightsKey(digest), bytes);
    await this.database.weights.insert({
      digest,
      name: network,
      network,
      tensors: 1,
      bytes: bytes.length,
      source: 'spec',
    });
  }

  /** How many trainers were started: the newest one's folder is `trainer-<this>`. */
  get trainersStarted(): number {
    return this.started;
  }

  environment(changes: Record<string, string> = {}): Record<string, string> {
    return {
      DATABASE_URL: this.databaseUrl,
      REDIS_URL: this.redisUrl,
      OBJECT_STORE_URL: pathToFileURL(join(this.folder, 'objects')).href,
      TRAINER_FOLDER: join(this.folder, `trainer-${(this.started += 1)}`),
      TRAINER_SLOTS: '1',
      CHROMATUNE_THREADS: '1',
      CACHE_FOLDER: join(this.folder, 'cache'),
      LEASE_SECONDS: '3',
      RENEW_SECONDS: '0.5',
      POLL_SECONDS: '0.3',
      LOG_FORMAT: 'json',
      ...changes,
    };
  }

  async startTrainer(changes: Record<string, string> = {}): Promise<Trainer> {
    const config: TrainerConfig = loadConfig(this.environment(changes));
    const log = pino(
      { level: 'debug', base: null },
      { write: (line: string) => void this.logs.push(JSON.parse(line) as LogRecord) },
    );
    const trainer = await startTrainer({ config, log, env: this.env, compiled, probe: this.probe });
    this.trainers.push(trainer);
    return trainer;
  }

  async queueRun(id: string, recipe: Recipe): Promise<string> {
    await this.database.runs.insertMany([{ id, sweepId: null, index: 0, label: id, parameters: {}, recipe }]);
    return id;
  }

  /** Rings the bell as the scheduler does. */
  async ring(runId: string, attempt = 1): Promise<void> {
    const queue = new Bull(queueName('default'), this.redisUrl);
    const payload = jobs['train-run'].parse({ runId, attempt });
    await queue.add('train-run', payload, {
      jobId: jobId(payload),
      removeOnComplete: true,
      removeOnFail: true,
    });
    await queue.close();
  }

  /** Sends a photograph as the API does, and gives what comes back: the picture, or the problem. */
  async colorize(run: RunDetail, photo: Uint8Array): Promise<Uint8Array | ColorizeProblem> {
    const id = `${Date.now()}-${randomBytes(8).toString('hex')}`;
    const { key, bytes, sha256 } = run.checkpoints.at(-1)!;
    await this.store.put(colorizeKey(id, 'photo'), photo);
    const queue = new Bull(queueName('default'), this.redisUrl);
    await queue.add(
      'colorize',
      jobs.colorize.parse({
        id,
        runId: run.id,
        recipe: run.recipe,
        checkpoint: { key, bytes, sha256 },
        temperature: null,
        format: 'png',
      }),
      { jobId: id, removeOnComplete: true, removeOnFail: true },
    );
    await queue.close();
    for (const deadline = Date.now() + 90_000; Date.now() < deadline; await sleep(50)) {
      const [picture, problem] = [colorizeKey(id, 'picture'), colorizeKey(id, 'problem')];
      if (await this.store.exists(picture)) return this.store.get(picture);
      if (await this.store.exists(problem)) {
        return colorizeProblem.parse(JSON.parse(Buffer.from(await this.store.get(problem)).toString()));
      }
    }
    throw new Error('Nobody coloured the photograph.');
  }

  /** Waits until the run is as asked. Leases that ran out expire, as the scheduler sees to. */
  async until(runId: string, isSo: (run: RunDetail) => boolean, what: string): Promise<RunDetail> {
    for (const deadline = Date.now() + 90_000; ; await sleep(50)) {
      await this.database.runs.expireLeases();
      const run = await this.database.runs.detail(runId);
      if (run !== null && isSo(run)) return run;
      const isOver = run !== null && run.state === 'failed';
      if (isOver || Date.now() > deadline)
        throw new Error(`Run ${runId} is not ${what}: ${this.storyOf(run)}`);
    }
  }

  private storyOf(run: RunDetail | null): string {
    const lines = this.logs.map(({ runId, attempt, msg }) => `${runId ?? ''}.${attempt ?? ''} ${msg}`);
    return `${run?.state}, ${JSON.stringify(run?.failure)}\n${lines.slice(-30).join('\n')}`;
  }

  untilState = (runId: string, state: RunDetail['state']) =>
    this.until(runId, (run) => run.state === state, state);

  /** Process id of the training process of an attempt. */
  childOf(runId: string, attempt: number): number | undefined {
    return this.logs.find(
      (line) => line.pid !== undefined && line.runId === runId && line.attempt === attempt,
    )?.pid;
  }

  /** What the run measured, as a chart shows it; without what depends on the clock and the machine. */
  async measured(runId: string) {
    const points = await this.database.points.ofRun(runId, { limit: 100_000 });
    return points
      .filter(({ superseded }) => !superseded)
      .sort((a, b) => a.step - b.step || (a.metric < b.metric ? -1 : 1))
      .map(({ metric, step, epoch, value }) => ({
        metric,
        step,
        epoch,
        value: /imagesPerSecond|memoryBytes|dataWait/.test(metric) ? 'varies' : value,
      }));
  }

  async stopTrainers(): Promise<void> {
    await Promise.all(this.trainers.splice(0).map((trainer) => trainer.stop()));
  }

  async close(): Promise<void> {
    await this.stopTrainers();
    await this.database.close();
  }
}

export const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
