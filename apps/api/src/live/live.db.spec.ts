import type { StoredPoint, Sweep } from '@chromatune/contracts';
import { type Database, openDatabase } from '@chromatune/database';
import { cloneDatabase, endConnections, startRedis } from '@chromatune/test-support';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bringDataset, type LiveReader, TestApi, TestTrainer, until } from '../api.fixture.js';

const stops: (() => Promise<unknown>)[] = [];
const readers: LiveReader[] = [];
let api: TestApi;
let database: Database;
let databaseUrl: string;
let trainer: TestTrainer;

beforeAll(async () => {
  const clone = await cloneDatabase();
  databaseUrl = clone.url;
  const redis = await startRedis();
  api = await TestApi.start({ databaseUrl, redisUrl: redis.url });
  database = await openDatabase(clone.url, { poolSize: 2 });
  trainer = new TestTrainer(database);
  stops.push(
    () => database.close(),
    () => api.close(),
    () => redis.stop(),
    () => clone.drop(),
  );
  await bringDataset(api, 'photos');
});
afterEach(() => readers.splice(0).forEach((reader) => reader.close()));
afterAll(async () => {
  for (const stop of stops) await stop();
});

async function openLive(query: string): Promise<LiveReader> {
  const reader = await api.live(query);
  readers.push(reader);
  await reader.next('hello');
  return reader;
}

async function startRun(): Promise<{ runId: string; sweepId: string }> {
  const { body } = await api.post<Sweep>('/sweeps', {
    yaml: '{ name: one, dataset: photos, budget: { epochs: 1 } }',
  });
  const runId = `${body.id}-0`;
  await until(
    () => database.runs.find(runId),
    (run) => run !== null,
  );
  await trainer.claim(runId);
  return { runId, sweepId: body.id };
}

/** Reads messages as a browser does: those of a known end are appended, others make it fetch. */
async function collect(reader: LiveReader, runId: string, count: number): Promise<StoredPoint[]> {
  let points: StoredPoint[] = [];
  while (points.length < count) {
    const { afterSeq, points: news } = await reader.next('points');
    if (afterSeq === (points.at(-1)?.seq ?? 0)) points.push(...news);
    else points = await api.get<StoredPoint[]>(`/runs/${runId}/points?attempt=1`);
  }
  return points;
}

describe('live points', () => {
  it('arrive within a second, without gaps', async () => {
    const { runId } = await startRun();
    const reader = await openLive(`?runs=${runId}`);
    const from = performance.now();
    await trainer.reportLosses(runId, [4, 3]);
    const first = await reader.next('points', 1000);
    expect(performance.now() - from).toBeLessThan(1000);
    expect(first).toMatchObject({ runId, attempt: 1, afterSeq: 0 });
    expect(first.points.map(({ value }) => value)).toEqual([4, 3]);

    await trainer.reportLosses(runId, [2, 1]);
    const second = await reader.next('points', 1000);
    expect(second.afterSeq).toBe(first.points.at(-1)!.seq);
    expect(second.points.map(({ value }) => value)).toEqual([2, 1]);
  });

  it('go to those who asked for the sweep, and not to those who asked for another run', async () => {
    const { runId, sweepId } = await startRun();
    const ofSweep = await openLive(`?sweep=${sweepId}`);
    const ofOther = await openLive('?runs=s2222222-0');
    await trainer.reportLosses(runId, [4]);
    expect((await ofSweep.next('points')).runId).toBe(runId);
    await expect(ofOther.next('points', 500)).rejects.toThrow('no live event');
  });

  it('of a run that nobody watched before begin at the point they say, however many there are', async () => {
    const { runId } = await startRun();
    await trainer.reportLosses(
      runId,
      Array.from({ length: 1500 }, (_, i) => i),
    );
    const reader = await openLive(`?runs=${runId}`);
    await trainer.reportLosses(runId, [7]);
    let { afterSeq, points } = await reader.next('points');
    expect(points[0]!.seq).toBe(afterSeq + 1);
    // On a busy machine the message of those before is only sent now.
    while (points.at(-1)!.value !== 7) ({ afterSeq, points } = await reader.next('points'));
    expect(points[0]!.seq).toBe(afterSeq + 1);
  });

  it('lose nothing when the connection that hears Postgres is ended', async () => {
    const { runId } = await startRun();
    const reader = await openLive(`?runs=${runId}`);
    await trainer.reportLosses(runId, [5]);
    await reader.next('points');
    await endConnections(databaseUrl, 'chromatune listener');
    await trainer.reportLosses(runId, [4, 3]);
    await reader.next('hello', 5000); // a browser fetches now
    expect(await api.get<StoredPoint[]>(`/runs/${runId}/points`)).toHaveLength(3);
    await trainer.reportLosses(runId, [2]);
    const points = await collect(reader, runId, 4);
    expect(points.map(({ value }) => value)).toEqual([5, 4, 3, 2]);
  });
});

describe('live states', () => {
  it('tell a run’s progress and a sweep’s change to those who asked for nothing special', async () => {
    const { runId, sweepId } = await startRun();
    const reader = await openLive('');
    await trainer.reportLosses(runId, [4, 3]);
    const event = await until(
      () => reader.next('run'),
      ({ run }) => run.id === runId && run.step > 0,
    );
    expect(event.run).toMatchObject({ state: 'running', latest: { 'train/loss': 3 } });
    await api.post(`/sweeps/${sweepId}/pause`);
    await until(
      () => reader.next('sweep'),
      (change) => change.sweepId === sweepId,
    );
    await expect(reader.next('points', 300)).rejects.toThrow('no live event');
  });

  it('do not keep who asks for their head alone', async () => {
    const { status } = await api.fetch('/live', { method: 'HEAD', signal: AbortSignal.timeout(5000) });
    expect(status).toBe(200);
  });

  it('end when the API does', async () => {
    const redis = await startRedis();
    const other = await TestApi.start({ databaseUrl, redisUrl: redis.url });
    const reader = await other.live('');
    await reader.next('hello');
    const from = performance.now();
    await other.close();
    expect(performance.now() - from).toBeLessThan(3000);
    await redis.stop();
  });
});
