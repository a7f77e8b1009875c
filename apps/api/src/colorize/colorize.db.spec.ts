import { createHash } from 'node:crypto';
import {
  colorizeKey,
  type ColorizeRequest,
  jobs,
  maxPhotoBytes,
  type Problem,
  queueName,
  type RunDetail,
  type Sweep,
} from '@chromatune/contracts';
import { type Database, openDatabase } from '@chromatune/database';
import { type ObjectStore, openObjectStore } from '@chromatune/storage';
import { cloneDatabase, startRedis } from '@chromatune/test-support';
import Bull from 'bull';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bringDataset, TestApi, TestTrainer, until } from '../api.fixture.js';
import { PhotoCleaner } from '../scheduler/photo-cleaner.js';

const stops: (() => Promise<unknown>)[] = [];
let api: TestApi;
let database: Database;
let objects: ObjectStore;
let redisUrl: string;
let trainer: TestTrainer;
let queue: Bull.Queue | null = null;

beforeAll(async () => {
  const clone = await cloneDatabase();
  const redis = await startRedis();
  redisUrl = redis.url;
  api = await TestApi.start({ databaseUrl: clone.url, redisUrl, more: { COLORIZE_SECONDS: '2' } });
  database = await openDatabase(clone.url, { poolSize: 2 });
  objects = await openObjectStore(pathToFileURL(api.folder).href);
  trainer = new TestTrainer(database);
  stops.push(
    () => database.close(),
    () => api.close(),
    () => redis.stop(),
    () => clone.drop(),
  );
  await bringDataset(api, 'photos');
});
afterEach(async () => {
  await queue?.close(true);
  queue = null;
});
afterAll(async () => {
  for (const stop of stops) await stop();
});

const photo = new TextEncoder().encode('a photograph');

describe('colouring a photograph', () => {
  it('needs a trainer that is online', async () => {
    const run = await trainedRun();
    await database.trainers.leave('spec-trainer');

    const { status, problem } = await refused(run.id);

    expect([status, problem.code]).toEqual([503, 'no_trainer_answered']);
    expect(problem.remedy).toContain('npm start');
  });

  it('is done by a trainer with the best checkpoint, and leaves nothing behind', async () => {
    const run = await trainedRun();
    const asked = actAsTrainer(async ({ id }) => {
      const given = await objects.get(colorizeKey(id, 'photo'));
      await objects.put(
        colorizeKey(id, 'picture'),
        Buffer.from(`coloured: ${Buffer.from(given).toString()}`),
      );
    });

    const response = await colorize(run.id, '?format=jpeg');

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('image/jpeg');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.text()).toBe('coloured: a photograph');
    const best = run.checkpoints.find(({ isBest }) => isBest)!;
    expect(best.epoch).toBe(1);
    expect(asked).toMatchObject([
      {
        runId: run.id,
        recipe: run.recipe,
        checkpoint: { key: best.key, sha256: best.sha256, bytes: best.bytes },
        temperature: null,
        format: 'jpeg',
      },
    ]);
    expect(await left()).toEqual([]);
  });

  it('takes the checkpoint of an epoch, and another temperature where bins are predicted', async () => {
    const run = await trainedRun('classification');
    const asked = actAsTrainer(({ id }) => objects.put(colorizeKey(id, 'picture'), photo));

    expect((await colorize(run.id, '?epoch=2&temperature=0.2')).status).toBe(200);

    const second = run.checkpoints.find(({ epoch }) => epoch === 2)!;
    expect(asked).toMatchObject([{ checkpoint: { key: second.key }, temperature: 0.2 }]);
  });

  it.each([
    ['?epoch=7', 404, 'keeps no checkpoint of epoch 7', 'Those of these epochs are kept: 1 (best), 2.'],
    ['?temperature=0.2', 400, 'predicts colours, not a distribution', 'classification or the combined loss'],
    ['?temperature=9', 400, 'temperature', '/api/docs'],
    ['?epoch=first', 400, 'epoch', '/api/docs'],
  ])('with %s is refused with status %i', async (query, status, title, remedy) => {
    const run = await trainedRun();

    const answer = await refused(run.id, query);

    expect(answer.status).toBe(status);
    expect(answer.problem.title).toContain(title);
    expect(answer.problem.remedy).toContain(remedy);
  });

  it('is not possible before there is a checkpoint, nor for a run that is not there', async () => {
    await trainer.register();
    const id = await launchRun();

    expect(await refused(id)).toMatchObject({
      status: 404,
      problem: {
        code: 'checkpoint_not_kept',
        remedy: expect.stringContaining('wait for the first one') as string,
      },
    });
    expect(await refused('s2222222-0')).toMatchObject({ status: 404, problem: { code: 'run_not_found' } });
  });

  it('is never possible with a run that ended before its first checkpoint', async () => {
    const id = await launchRun();
    await api.post(`/runs/${id}/cancel`, {});

    const { problem } = await refused(id);

    expect(problem.title).toBe(`Run ${id} has no best checkpoint.`);
    expect(problem.remedy).toBe('It ended before its first epoch was done: choose another run.');
  });

  it('tells what the trainer could not do', async () => {
    const run = await trainedRun();
    actAsTrainer(({ id }) =>
      objects.put(
        colorizeKey(id, 'problem'),
        Buffer.from(
          JSON.stringify({
            code: 'unreadable_photo',
            status: 422,
            message: 'No picture.',
            remedy: 'Send one.',
          }),
        ),
      ),
    );

    expect(await refused(run.id)).toMatchObject({
      status: 422,
      problem: { code: 'unreadable_photo', title: 'No picture.', remedy: 'Send one.' },
    });
    expect(await left()).toEqual([]);
  });

  it('is given up when no trainer answers, and the photograph is not left for later', async () => {
    const run = await trainedRun();

    const { status, problem } = await refused(run.id);

    expect([status, problem.code]).toEqual([503, 'no_trainer_answered']);
    expect(problem.title).toContain('within 2 seconds');
    expect(await left()).toEqual([]);
    const waiting = new Bull(queueName('default'), redisUrl);
    expect((await waiting.getJobs(['waiting'])).filter((job) => job.name === 'colorize')).toEqual([]);
    await waiting.close();
  });

  it.each([
    ['no body', undefined, {}, 'The body is empty'],
    ['a form', new FormData(), {}, 'This is a form'],
    ['JSON, whatever it holds', '{"photo"', { 'content-type': 'application/json' }, 'This is JSON'],
  ])('refuses %s: the file itself is the body', async (_what, body, headers, title) => {
    const run = await trainedRun();

    const response = await api.fetch(`/runs/${run.id}/colorize`, { method: 'POST', body, headers });

    expect(response.status).toBe(400);
    const problem = (await response.json()) as Problem;
    expect(problem.title).toBe(`${title}, not a photograph.`);
    expect(problem.remedy).toContain('the file itself as the body');
    expect(await left()).toEqual([]);
  });

  it('refuses what is larger than a photograph', async () => {
    const run = await trainedRun();

    const response = await colorize(run.id, '', new Uint8Array(maxPhotoBytes + 1));

    expect([response.status, ((await response.json()) as Problem).code]).toEqual([413, 'photo_too_large']);
    expect(await left()).toEqual([]);
  });
});

it('photographs that were left behind are removed after an hour', async () => {
  const now = Date.now();
  const id = (ageMs: number) => `${now - ageMs}-${'0'.repeat(16)}`;
  const [old, young] = [id(2 * 3_600_000), id(60_000)];
  for (const one of [old, young]) await objects.put(colorizeKey(one, 'photo'), photo);

  await new PhotoCleaner(objects).removeAbandoned(now);

  expect(await left()).toEqual([colorizeKey(young, 'photo')]);
  await objects.remove(colorizeKey(young, 'photo'));
});

const colorize = (runId: string, query = '', body = photo) =>
  api.fetch(`/runs/${runId}/colorize${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body,
  });

async function refused(runId: string, query = ''): Promise<{ status: number; problem: Problem }> {
  const response = await colorize(runId, query);
  return { status: response.status, problem: (await response.json()) as Problem };
}

/** Everything that lies in the store of photographs. */
async function left(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of objects.list('colorize/')) keys.push(key);
  return keys;
}

/** Takes photographs off the queue as a trainer does. */
function actAsTrainer(work: (request: ColorizeRequest) => Promise<void>): ColorizeRequest[] {
  const asked: ColorizeRequest[] = [];
  queue = new Bull(queueName('default'), redisUrl);
  void queue.process('train-run', () => Promise.resolve());
  void queue.process('colorize', async (job) => {
    const request = jobs.colorize.parse(job.data);
    asked.push(request);
    await work(request);
  });
  return asked;
}

async function launchRun(loss = 'regression'): Promise<string> {
  const yaml = `name: a sweep\ndataset: photos\ntraining: { loss: ${loss} }\nobjective: { metric: validation/aucRebalanced }\nbudget: { epochs: 2 }\n`;
  const { body } = await api.post<Sweep>('/sweeps', { yaml });
  const runs = await until(
    () => api.get<{ id: string }[]>(`/sweeps/${body.id}/runs`),
    (found) => found.length === 1,
  );
  return runs[0]!.id;
}

/** A run with checkpoints of two epochs, the first of them the better one by what its sweep ranks by, if not in ab RMSE. */
async function trainedRun(loss = 'regression'): Promise<RunDetail> {
  await trainer.register();
  const id = await launchRun(loss);
  await trainer.claim(id);
  const now = new Date().toISOString();
  const measured = (
    epoch: number,
    metric: 'validation/abRmse' | 'validation/aucRebalanced',
    value: number,
  ) => ({
    type: 'point' as const,
    metric,
    step: epoch,
    epoch,
    value,
    at: now,
  });
  const saved = (epoch: number) => ({
    type: 'checkpoint' as const,
    key: `runs/${id}/1/checkpoints/${epoch}.safetensors`,
    checkpoint: {
      step: epoch,
      epoch,
      kind: epoch === 2 ? ('final' as const) : ('epoch' as const),
      bytes: 10,
      sha256: createHash('sha256').update(`${id}.${epoch}`).digest('hex'),
      weightsSha256: 'a'.repeat(64),
      abRmse: 15 - epoch,
      at: now,
    },
  });
  await trainer.report(
    id,
    1,
    [1, 2].flatMap((epoch) => [
      measured(epoch, 'validation/abRmse', 15 - epoch),
      measured(epoch, 'validation/aucRebalanced', 0.8 - epoch / 10),
      saved(epoch),
    ]),
  );
  await trainer.complete(id, 'a'.repeat(64));
  return api.get<RunDetail>(`/runs/${id}`);
}
