import { createWriteStream } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  type Checkpoint,
  type ColorizeQuery,
  dataset,
  datasetDetail,
  type DatasetFile,
  type DatasetManifest,
  datasetVersion,
  health,
  logLine,
  type NewWeights,
  problem,
  type Recipe,
  reproduction,
  run,
  runDetail,
  sample,
  type Sample,
  storedPoint,
  sweep,
  sweepDetail,
  sweepPlan,
  trainer,
  weights,
} from '@chromatune/contracts';
import { z } from 'zod';
import { isOfFileSystem } from '../output/file-reason.js';
import { ApiProblem, ApiUnreachable, UnexpectedAnswer } from './api-errors.js';

const answerMs = 60_000;
/** Uploads and downloads: shards of 32 MiB, weights and checkpoints; minutes on a slow line. */
const transferMs = 15 * 60_000;

/** Chromatune's HTTP API. Every answer is parsed; errors are `ApiProblem`, `ApiUnreachable` or `UnexpectedAnswer`. */
export class ApiClient {
  constructor(
    readonly url: string,
    private readonly signal?: AbortSignal,
  ) {}

  /** One whose requests the signal breaks off. */
  until = (signal: AbortSignal) => new ApiClient(this.url, signal);

  health = () => this.get('health', health, { accept: [200, 503] });

  listSweeps = () => this.get('sweeps', z.array(sweep));
  getSweep = (id: string) => this.get(`sweeps/${segment(id)}`, sweepDetail);
  listRuns = (sweepId: string) => this.get(`sweeps/${segment(sweepId)}/runs`, z.array(run));
  planSweep = (yaml: string) => this.post('sweeps/plan', { yaml }, sweepPlan);
  launchSweep = (yaml: string) => this.post('sweeps', { yaml }, sweep);
  commandSweep = (id: string, command: Command) =>
    this.post(`sweeps/${segment(id)}/${command}`, undefined, sweep);

  getRun = (id: string) => this.get(`runs/${segment(id)}`, runDetail);
  commandRun = (id: string, command: Command) => this.post(`runs/${segment(id)}/${command}`, undefined, run);
  reproduceRun = (id: string, recipe?: Recipe) =>
    this.post(`runs/${segment(id)}/reproduce`, recipe ? { recipe } : {}, reproduction);
  listSamples = (id: string) => this.get(`runs/${segment(id)}/samples`, z.array(sample));
  /** At most 1,000 lines after `attempt.seq`, or the last ones. */
  getLog = (id: string, after?: string) =>
    this.get(`runs/${segment(id)}/log${after ? `?after=${after}` : ''}`, z.array(logLine));
  getPoints = (id: string, { attempt, after, limit }: { attempt: number; after: number; limit: number }) =>
    this.get(
      `runs/${segment(id)}/points?attempt=${attempt}&after=${after}&limit=${limit}`,
      z.array(storedPoint),
    );

  downloadPointsCsv = (id: string, path: string) => this.download(`runs/${segment(id)}/points.csv`, path);
  downloadSample = ({ runId, attempt, epoch }: Sample, path: string) =>
    this.download(`runs/${segment(runId)}/samples/${attempt}/${epoch}.png`, path);
  downloadCheckpoint = (runId: string, { attempt, step }: Checkpoint, path: string) =>
    this.download(`runs/${segment(runId)}/checkpoints/${attempt}/${step}`, path);

  listDatasets = () => this.get('datasets', z.array(dataset));
  getDataset = (name: string) => this.get(`datasets/${segment(name)}`, dataset);
  getDatasetVersion = (digest: string) => this.get(`dataset-versions/${segment(digest)}`, datasetDetail);
  registerDataset = (manifest: DatasetManifest) => this.post('datasets', manifest, datasetVersion);

  listWeights = () => this.get('weights', z.array(weights));
  registerWeights = (request: NewWeights) => this.post('weights', request, weights);

  listTrainers = () => this.get('trainers', z.array(trainer));
  drainTrainer = (id: string, draining: boolean) =>
    this.post(`trainers/${segment(id)}/drain`, { draining }, trainer);

  /** Whether a dataset file lies in the object store already. */
  async hasDatasetFile({ sha256, bytes }: DatasetFile): Promise<boolean> {
    const response = await this.request(`dataset-files/${sha256}`, { method: 'HEAD' }, answerMs);
    if (response.status === 404) return false;
    if (!response.ok) throw await this.toError(response);
    return Number(response.headers.get('content-length')) === bytes;
  }

  async putDatasetFile({ sha256 }: DatasetFile, path: string): Promise<void> {
    await this.put(`dataset-files/${sha256}`, await readFile(path));
  }

  /** Uploads a canonical file of weights. */
  putWeights = (digest: string, bytes: Uint8Array) => this.put(`weights/${segment(digest)}/file`, bytes);

  /** The photograph as the run colours it, encoded. */
  async colorize(runId: string, photo: Uint8Array, query: ColorizeOptions): Promise<Uint8Array> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
    const init = {
      method: 'POST',
      body: photo as Uint8Array<ArrayBuffer>,
      headers: { 'content-type': 'application/octet-stream' },
    };
    const response = await this.request(`runs/${segment(runId)}/colorize?${search}`, init, transferMs);
    if (!response.ok) throw await this.toError(response);
    const picture = await response.arrayBuffer().catch((error: unknown) => {
      throw this.unreachable(error); // it went away in the middle of its answer
    });
    return new Uint8Array(picture);
  }

  private async put(path: string, body: Uint8Array): Promise<void> {
    const headers = { 'content-type': 'application/octet-stream' };
    const init = { method: 'PUT', body: body as Uint8Array<ArrayBuffer>, headers };
    const response = await this.request(path, init, transferMs);
    if (!response.ok) throw await this.toError(response);
    await response.body?.cancel();
  }

  private async get<T>(path: string, schema: z.ZodType<T>, { accept = [200] } = {}): Promise<T> {
    return this.parse(await this.request(path, {}, answerMs), schema, accept);
  }

  private async post<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
    const init =
      body === undefined
        ? { method: 'POST' }
        : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    return this.parse(await this.request(path, init, answerMs), schema, [200, 201]);
  }

  /** The file appears whole or not at all. */
  private async download(what: string, path: string): Promise<void> {
    const response = await this.request(what, {}, transferMs);
    if (!response.ok || !response.body) throw await this.toError(response);
    const temporary = `${path}.${process.pid}.part`;
    try {
      await pipeline(
        Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]),
        createWriteStream(temporary),
      );
      await rename(temporary, path);
    } catch (error) {
      throw isOfFileSystem(error) ? error : this.unreachable(error); // it went away in the middle of its answer
    } finally {
      await rm(temporary, { force: true });
    }
  }

  private async request(path: string, init: RequestInit, timeoutMs: number): Promise<Response> {
    const signals = [AbortSignal.timeout(timeoutMs), ...(this.signal ? [this.signal] : [])];
    try {
      return await fetch(`${this.url}/api/${path}`, { ...init, signal: AbortSignal.any(signals) });
    } catch (error) {
      throw this.unreachable(error);
    }
  }

  /** Why there was no answer: because it is no longer wanted, or because the API is away. */
  private unreachable(error: unknown): unknown {
    return this.signal?.aborted ? this.signal.reason : new ApiUnreachable(this.url, error);
  }

  private async parse<T>(response: Response, schema: z.ZodType<T>, accept: number[]): Promise<T> {
    if (!accept.includes(response.status)) throw await this.toError(response);
    const parsed = schema.safeParse(await response.json().catch(() => undefined));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const where = issue?.path.length
      ? `${issue.path.join('.')}: ${issue.message}`
      : 'no JSON of the expected shape';
    throw new UnexpectedAnswer(response.url, where, parsed.error);
  }

  private async toError(response: Response): Promise<Error> {
    const parsed = problem.safeParse(await response.json().catch(() => undefined));
    if (parsed.success) return new ApiProblem(parsed.data);
    return new UnexpectedAnswer(response.url, `status ${response.status} without an explanation`);
  }
}

type Command = 'pause' | 'resume' | 'cancel';

/** What is left out has the API's defaults. */
export type ColorizeOptions = Partial<ColorizeQuery>;

const segment = encodeURIComponent;
