import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type DatasetFile,
  type DatasetManifest,
  datasetFiles,
  type DatasetVersion,
  type Environment,
  liveEvent,
  type LiveEvent,
  type WeightsNetwork,
} from '@chromatune/contracts';
import { encodeWeights, networkVariables } from '@chromatune/data';
import type { AppliedEvent, Claim, Database } from '@chromatune/database';
import { apiEnvironment } from './config/environment.js';
import { startApi } from './start-api.js';

/** An API for a spec: real in everything, on a free port, with a folder of its own as object store. */
export class TestApi {
  private constructor(
    readonly url: string,
    readonly folder: string,
    private readonly stop: () => Promise<void>,
  ) {}

  static async start(services: { databaseUrl: string; redisUrl: string; folder?: string; more?: object }) {
    const folder = services.folder ?? (await mkdtemp(join(tmpdir(), 'chromatune-api-spec-')));
    const environment = apiEnvironment.parse({
      DATABASE_URL: services.databaseUrl,
      REDIS_URL: services.redisUrl,
      OBJECT_STORE_URL: pathToFileURL(folder).href,
      PORT: '0',
      LOG_LEVEL: 'silent',
      SCHEDULER_INTERVAL_MS: '200',
      DASHBOARD_FOLDER: join(folder, 'no-dashboard'),
      DATABASE_POOL_SIZE: '4',
      ...services.more,
    });
    const api = await startApi(environment);
    return new TestApi(api.url, folder, async () => {
      await api.close();
      if (!services.folder) await rm(folder, { recursive: true, force: true });
    });
  }

  close(): Promise<void> {
    return this.stop();
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`${this.url}/api${path}`, init);
  }

  async get<T>(path: string): Promise<T> {
    return (await (await this.fetch(path)).json()) as T;
  }

  async post<T>(path: string, body?: unknown): Promise<{ status: number; body: T }> {
    const response = await this.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as T };
  }

  async put(path: string, body: Uint8Array<ArrayBuffer>): Promise<Response> {
    return this.fetch(path, { method: 'PUT', headers: { 'content-type': 'application/octet-stream' }, body });
  }

  async live(query = ''): Promise<LiveReader> {
    const abort = new AbortController();
    const response = await this.fetch(`/live${query}`, { signal: abort.signal });
    return new LiveReader(response.body!, () => abort.abort());
  }
}

/** Reads the events of one `GET /live`. */
export class LiveReader {
  private readonly events: LiveEvent[] = [];
  private notify: () => void = () => {};

  constructor(
    body: ReadableStream<Uint8Array>,
    readonly close: () => void,
  ) {
    void this.read(body).catch(() => {}); // closed by the spec
  }

  /** The next event of this type, taken out of the stream. */
  async next<T extends LiveEvent['type']>(
    type: T,
    timeoutMs = 5000,
  ): Promise<Extract<LiveEvent, { type: T }>> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const index = this.events.findIndex((event) => event.type === type);
      if (index >= 0) return this.events.splice(index, 1)[0] as Extract<LiveEvent, { type: T }>;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no live event "${type}" within ${timeoutMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.notify = () => (clearTimeout(timer), resolve());
      });
    }
  }

  private async read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      const messages = text.split('\n\n');
      text = messages.pop()!;
      for (const message of messages) this.accept(message);
    }
  }

  private accept(message: string): void {
    if (!message.startsWith('data: ')) return;
    this.events.push(liveEvent.parse(JSON.parse(message.slice(6))));
    this.notify();
  }
}

/** A dataset version whose files hold random bytes: the API never looks inside. */
export interface TestDataset {
  manifest: DatasetManifest;
  contents: Map<string, Uint8Array<ArrayBuffer>>;
}

/** @param prior content of a prior file; a version of old has none */
export function makeDataset(name: string, prior?: Uint8Array): TestDataset {
  const contents = new Map<string, Uint8Array<ArrayBuffer>>();
  const file = (fileName: string, bytes = new Uint8Array(randomBytes(64))): DatasetFile => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    contents.set(sha256, bytes);
    return { name: fileName, bytes: bytes.length, sha256 };
  };
  const predictor = { abRmse: 18, psnr: 20 };
  const manifest: DatasetManifest = {
    manifestVersion: prior ? 2 : 1,
    name,
    importer: 'synthetic',
    options: {},
    imageSize: 64,
    images: { train: 32, validation: 4, test: 4 },
    sources: 40,
    shards: [
      { split: 'train', images: 32, l: file('train-0-l.npy'), ab: file('train-0-ab.npy') },
      { split: 'validation', images: 4, l: file('validation-0-l.npy'), ab: file('validation-0-ab.npy') },
      { split: 'test', images: 4, l: file('test-0-l.npy'), ab: file('test-0-ab.npy') },
    ],
    previews: { size: 64, images: 4, l: file('previews-l.npy'), ab: file('previews-ab.npy') },
    pictures: {
      grey: file('grey.png'),
      truth: file('truth.png'),
      contactSheets: { train: file('train.png'), validation: file('validation.png'), test: file('test.png') },
    },
    ...(prior && { prior: file('prior.npy', new Uint8Array(prior)) }),
    statistics: {
      abHistogram: Array.from({ length: 676 }, () => 0),
      meanAb: [0, 0],
      meanChroma: 10,
      baselines: { grey: predictor, meanColor: predictor },
      outOfGamutShare: 0,
    },
    skipped: [],
    card: { title: name, description: '', credits: [] },
  };
  return { manifest, contents };
}

/** Uploads and registers a dataset. */
export async function bringDataset(api: TestApi, name: string, prior?: Uint8Array): Promise<DatasetVersion> {
  const { manifest, contents } = makeDataset(name, prior);
  for (const { sha256 } of datasetFiles(manifest))
    await api.put(`/dataset-files/${sha256}`, contents.get(sha256)!);
  return (await api.post<DatasetVersion>('/datasets', manifest)).body;
}

/** A canonical file of weights, all of them zero. */
export function makeWeights(network: WeightsNetwork): { digest: string; bytes: Uint8Array<ArrayBuffer> } {
  const tensors = networkVariables(network).map((variable) => ({
    ...variable,
    data: new Float32Array(variable.shape.reduce((product, side) => product * side, 1)),
  }));
  const bytes = new Uint8Array(encodeWeights(network, tensors));
  return { digest: createHash('sha256').update(bytes).digest('hex'), bytes };
}

export const native: Environment = {
  engine: 'native',
  engineVersion: 'tensorflow 2.21.0',
  device: 'a processor',
  threads: 2,
  deterministic: true,
  codeVersion: 'c0de'.repeat(16),
};

/** Acts as a trainer does, without training. */
export class TestTrainer {
  private readonly seqs = new Map<string, number>();

  constructor(
    private readonly database: Database,
    readonly id = 'spec-trainer',
    private readonly environment = native,
  ) {}

  async register(): Promise<void> {
    await this.database.trainers.register({
      id: this.id,
      host: 'spec',
      pool: 'default',
      slots: 2,
      environment: this.environment,
      engineReason: 'spec',
      memoryBytes: 1,
    });
  }

  claim(runId: string, { attempt = 1, leaseSeconds = 30 } = {}): Promise<Claim | null> {
    return this.database.runs.claim({
      runId,
      attempt,
      trainerId: this.id,
      environment: this.environment,
      leaseSeconds,
    });
  }

  /** Reports train losses of these steps. */
  reportLosses(runId: string, losses: number[], attempt = 1): Promise<'applied' | 'fenced'> {
    const at = new Date().toISOString();
    return this.report(
      runId,
      attempt,
      losses.map((value, i) => ({
        type: 'point' as const,
        metric: 'train/loss' as const,
        step: i + 1,
        epoch: (i + 1) / losses.length,
        value,
        at,
      })),
    );
  }

  complete(runId: string, weightsSha256: string, attempt = 1): Promise<'applied' | 'fenced'> {
    return this.report(runId, attempt, [{ type: 'finished', outcome: 'completed', weightsSha256 }]);
  }

  report(runId: string, attempt: number, events: Unnumbered[]): Promise<'applied' | 'fenced'> {
    const key = `${runId}.${attempt}`;
    const numbered = events.map((event) => {
      const seq = (this.seqs.get(key) ?? 0) + 1;
      this.seqs.set(key, seq);
      return { ...event, seq };
    });
    return this.database.runs.reportsOf({ runId, attempt }).apply(numbered);
  }
}

type Unnumbered = AppliedEvent extends infer E ? (E extends unknown ? Omit<E, 'seq'> : never) : never;

/** Waits for a condition that others bring about. */
export async function until<T>(
  read: () => Promise<T>,
  isDone: (value: T) => boolean,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (isDone(value)) return value;
    if (Date.now() > deadline)
      throw new Error(`still not so after ${timeoutMs} ms: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
