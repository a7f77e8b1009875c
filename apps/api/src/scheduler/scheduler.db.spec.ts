import { jobId, queueName, type Run, type RunDetail, type Sweep } from '@chromatune/contracts';
import { type Database, openDatabase } from '@chromatune/database';
import { cloneDatabase, startRedis, temporaryFolder, type TestRedis } from '@chromatune/test-support';
import Bull from 'bull';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bringDataset, TestApi, TestTrainer, until } from '../api.fixture.js';

const stops: (() => Promise<unknown>)[] = [];
const folder = temporaryFolder('two-replicas');
let databaseUrl: string;
let database: Database;
let redis: TestRedis;
let replicas: TestApi[];
let queue: Bull.Queue;

beforeAll(async () => {
  const clone = await cloneDatabase();
  databaseUrl = clone.url;
  redis = await startRedis();
  replicas = await Promise.all([startReplica(), startReplica()]);
  database = await openDatabase(clone.url, { poolSize: 2 });
  queue = new Bull(queueName('default'), redis.url);
  stops.push(
    () => queue.close(),
    () => database.close(),
    () => Promise.all(replicas.map((api) => api.close())),
    () => redis.stop(),
    () => clone.drop(),
  );
  await bringDataset(replicas[0]!, 'photos');
});
afterAll(async () => {
  for (const stop of stops) await stop();
});

const startReplica = () => TestApi.start({ databaseUrl, redisUrl: redis.url, folder });
const schedulerOf = async (api: TestApi) =>
  (await api.get<{ parts: { scheduler: { detail: string } } }>('/health')).parts.scheduler.detail;
const runsOf = (id: string) => replicas[0]!.get<Run[]>(`/sweeps/${id}/runs`);
const jobOf = (runId: string, attempt = 1) => queue.getJob(jobId({ runId, attempt }));

async function launch(parallel: number, count = 8): Promise<string> {
  const values = Array.from({ length: count }, (_, i) => i + 1).join(', ');
  const yaml = `{ name: s, dataset: photos, space: { seed: [${values}] }, search: { parallel: ${parallel} }, budget: { epochs: 1 } }`;
  const { body } = await replicas[0]!.post<Sweep>('/sweeps', { yaml });
  await until(
    () => runsOf(body.id),
    (runs) => runs.length === Math.min(parallel, count),
  );
  return body.id;
}

describe('two replicas', () => {
  it('have one leader', async () => {
    const roles = await until(
      () => Promise.all(replicas.map(schedulerOf)),
      (all) => all.includes('leads'),
    );
    expect(roles.sort()).toEqual(['leads', 'stands by']);
  });

  it('make no run twice', async () => {
    const id = await launch(8);
    const runs = await runsOf(id);
    expect(runs.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(new Set(runs.map(({ parameters }) => parameters['seed'])).size).toBe(8);
  });

  it('go on when the leader leaves', async () => {
    const roles = await Promise.all(replicas.map(schedulerOf));
    const leader = replicas.splice(roles.indexOf('leads'), 1)[0]!;
    await leader.close();
    await until(
      () => schedulerOf(replicas[0]!),
      (role) => role === 'leads',
      5000,
    );
    await launch(2);
    replicas.push(await startReplica());
    expect(await schedulerOf(replicas[1]!)).toBe('stands by');
  });
});

describe('the queue', () => {
  it('has a job for every queued run', async () => {
    const id = await launch(3);
    for (const index of [0, 1, 2]) await until(() => jobOf(`${id}-${index}`), Boolean);
    expect(await jobOf(`${id}-3`)).toBeNull();
  });

  it('is filled again within seconds after Redis was flushed', async () => {
    const id = await launch(2);
    await until(() => jobOf(`${id}-1`), Boolean);
    await redis.flush();
    await until(() => jobOf(`${id}-0`), Boolean, 3000);
    await until(() => jobOf(`${id}-1`), Boolean, 3000);
  });

  it('lets the API serve while Redis is away, which health tells', async () => {
    const away = await startRedis();
    const api = await TestApi.start({ databaseUrl, redisUrl: away.url, folder });
    await until(
      () => api.get<{ status: string }>('/health'),
      ({ status }) => status === 'ok',
    );
    await away.stop();
    await until(
      () => api.get<{ status: string }>('/health'),
      ({ status }) => status === 'degraded',
    );
    expect((await api.fetch('/health')).status).toBe(200);
    expect((await api.fetch('/sweeps')).status).toBe(200);
    await api.close();
  });
});

describe('a run whose trainer falls silent', () => {
  it('waits again with its next attempt, and the old attempt can write nothing', async () => {
    const id = await launch(1, 1);
    const runId = `${id}-0`;
    const trainer = new TestTrainer(database);
    expect(await trainer.claim(runId, { leaseSeconds: 0.3 })).not.toBeNull();
    expect(await trainer.reportLosses(runId, [3, 2])).toBe('applied');

    await until(() => jobOf(runId, 2), Boolean, 5000);
    const run = await replicas[0]!.get<RunDetail>(`/runs/${runId}`);
    expect(run).toMatchObject({ state: 'queued', restarts: 1, attempts: [{ number: 1, state: 'lost' }] });
    expect(await trainer.reportLosses(runId, [1])).toBe('fenced');
  });
});
