import {
  type Curve,
  curve,
  dataset,
  datasetDetail,
  datasetPrior,
  logLine,
  type MetricName,
  type PriorQuery,
  run,
  reproduction,
  runDetail,
  sample,
  sweep,
  sweepDetail,
  sweepPlan,
  trainer,
} from '@chromatune/contracts';
import { z } from 'zod';
import { ContractError, toApiError } from './errors.js';

/** Every request this page makes, each answer parsed by its contract. Throws ApiError, ContractError or TypeError (network). */
export const api = {
  sweeps: () => get('/sweeps', z.array(sweep)),
  sweep: (id: string) => get(`/sweeps/${id}`, sweepDetail),
  sweepRuns: (id: string) => get(`/sweeps/${id}/runs`, z.array(run)),
  sweepCommand: (id: string, command: 'pause' | 'resume' | 'cancel') => post(`/sweeps/${id}/${command}`),
  planSweep: (yaml: string) => post('/sweeps/plan', { yaml }, sweepPlan),
  launchSweep: (yaml: string) => post('/sweeps', { yaml }, z.object({ id: z.string() })),

  runs: (ids: string[]) => get(`/runs?ids=${ids.join(',')}`, z.array(run)),
  run: (id: string) => get(`/runs/${id}`, runDetail),
  runCommand: (id: string, command: 'pause' | 'resume' | 'cancel') => post(`/runs/${id}/${command}`),
  reproduce: (id: string) => post(`/runs/${id}/reproduce`, {}, reproduction),
  samples: (id: string) => get(`/runs/${id}/samples`, z.array(sample)),
  log: (id: string) => get(`/runs/${id}/log`, z.array(logLine)),

  datasets: () => get('/datasets', z.array(dataset)),
  dataset: (name: string) => get(`/datasets/${name}`, dataset),
  datasetVersion: (digest: string) => get(`/dataset-versions/${digest}`, datasetDetail),
  datasetPrior: (digest: string, { binSet, binGridSize }: PriorQuery) =>
    get(`/dataset-versions/${digest}/prior?binSet=${binSet}&binGridSize=${binGridSize}`, datasetPrior),

  trainers: () => get('/trainers', z.array(trainer)),
  drain: (id: string, draining: boolean) => post(`/trainers/${id}/drain`, { draining }),
} as const;

/** A part of curves: which runs and metrics, in how many buckets, between which steps. */
export interface CurvesRequest {
  runs: string[];
  metrics: MetricName[];
  buckets: number;
  range: StepRange | null;
}
export interface StepRange {
  from: number;
  to: number;
}

export function fetchCurves({ runs, metrics, buckets, range }: CurvesRequest): Promise<Curve[]> {
  const query = new URLSearchParams({
    runs: runs.join(','),
    metrics: metrics.join(','),
    buckets: String(buckets),
  });
  if (range) {
    query.set('fromStep', String(range.from));
    query.set('toStep', String(range.to));
  }
  return get(`/curves?${query}`, z.array(curve));
}

/** The photograph as the run colours it, in the format that it came in where that is JPEG, else PNG. */
export async function colorizePhoto(
  runId: string,
  photo: File,
  { epoch, temperature }: { epoch: string; temperature: string },
): Promise<Blob> {
  const format = photo.type === 'image/jpeg' ? 'jpeg' : 'png';
  const query = new URLSearchParams({ epoch, format, ...(temperature ? { temperature } : {}) });
  const response = await fetch(`/api/runs/${runId}/colorize?${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: photo,
  });
  if (!response.ok) throw await toApiError(response);
  return response.blob();
}

/** Whose live events are wanted: points and samples of the runs, states of the sweep's runs. */
export interface LiveFilter {
  runs: readonly string[];
  sweep: string | null;
}

/** Addresses of pictures and downloads, for `src` and `href`. */
export const addresses = {
  sampleStrip: (runId: string, attempt: number, epoch: number) =>
    `/api/runs/${runId}/samples/${attempt}/${epoch}.png`,
  picture: (digest: string, name: 'grey' | 'truth' | 'train' | 'validation' | 'test') =>
    `/api/dataset-versions/${digest}/pictures/${name}.png`,
  checkpoint: (runId: string, attempt: number, step: number) =>
    `/api/runs/${runId}/checkpoints/${attempt}/${step}`,
  pointsCsv: (runId: string) => `/api/runs/${runId}/points.csv`,
  live: ({ runs, sweep }: LiveFilter) => {
    const wanted = [
      ...(runs.length > 0 ? [`runs=${runs.join(',')}`] : []),
      ...(sweep ? [`sweep=${sweep}`] : []),
    ];
    return `/api/live${wanted.length > 0 ? `?${wanted.join('&')}` : ''}`;
  },
  docs: '/api/docs',
} as const;

function get<T extends z.ZodType>(path: string, schema: T): Promise<z.infer<T>> {
  return request('GET', path, undefined, schema);
}

function post(path: string): Promise<unknown>;
function post<T extends z.ZodType>(path: string, body: unknown, schema: T): Promise<z.infer<T>>;
function post(path: string, body: unknown): Promise<unknown>;
function post(path: string, body: unknown = {}, schema: z.ZodType = z.unknown()): Promise<unknown> {
  return request('POST', path, body, schema);
}

async function request<T extends z.ZodType>(
  method: 'GET' | 'POST',
  path: string,
  body: unknown,
  schema: T,
): Promise<z.infer<T>> {
  const response = await fetch(`/api${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (!response.ok) throw await toApiError(response);

  const answer: unknown = response.status === 204 ? undefined : await response.json();
  const parsed = schema.safeParse(answer);
  if (!parsed.success) throw new ContractError(`${method} ${path}`, z.prettifyError(parsed.error));
  return parsed.data;
}
