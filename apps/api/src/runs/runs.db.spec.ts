import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  datasetFileKey,
  type Environment,
  type Problem,
  type Reproduction,
  type Run,
  type RunDetail,
  type StoredPoint,
  type Sweep,
  weightsKey,
} from '@chromatune/contracts';
import { encodeSafetensors } from '@chromatune/data';
import { type Database, openDatabase } from '@chromatune/database';
import { type ObjectStore, openObjectStore } from '@chromatune/storage';
import { cloneDatabase, startRedis } from '@chromatune/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bringDataset, native, TestApi, TestTrainer, until } from '../api.fixture.js';

const stops: (() => Promise<unknown>)[] = [];
const portable: Environment = { ...native, engine: 'portable', engineVersion: 'tfjs-wasm 4.22.0' };
const losses = [4, 3, 2, 1];
const sha256 = (letter: string) => letter.repeat(64);
let api: TestApi;
let database: Database;
let objects: ObjectStore;
let trainer: TestTrainer;

beforeAll(async () => {
  const clone = await cloneDatabase();
  const redis = await startRedis();
  api = await TestApi.start({ databaseUrl: clone.url, redisUrl: redis.url });
  database = await openDatabase(clone.url, { poolSize: 2 });
  objects = await openObjectStore(`file://${api.folder}`);
  stops.push(
    () => database.close(),
    () => api.close(),
    () => redis.stop(),
    () => clone.drop(),
  );
  await bringDataset(api, 'photos');
  trainer = new TestTrainer(database);
  await trainer.register();
});
afterAll(async () => {
  for (const stop of stops) await stop();
});

async function launchRun(dataset = 'photos'): Promise<string> {
  const yaml = `{ name: one, dataset: ${dataset}, budget: { epochs: 1 } }`;
  const { body } = await api.post<Sweep>('/sweeps', { yaml });
  const runId = `${body.id}-0`;
  await until(
    () => api.fetch(`/runs/${runId}`),
    ({ status }) => status === 200,
  );
  return runId;
}

async function train(runId: string, by: TestTrainer, measured: number[], weights: string): Promise<void> {
  expect(await by.claim(runId)).not.toBeNull();
  await by.reportLosses(runId, measured);
  const key = `runs/${runId}/1/checkpoints/step-4.safetensors`;
  const value = weights === 'a' ? 1 : 1.25;
  const bytes = encodeSafetensors([
    { name: 'conv1/weight', shape: [2], data: new Float32Array([value, 2]) },
    { name: 'sgd/momentum/conv1/weight', shape: [2], data: new Float32Array([value * 100, 0]) },
  ]);
  await objects.put(key, bytes);
  await by.report(runId, 1, [
    {
      type: 'checkpoint',
      key,
      checkpoint: {
        step: 4,
        epoch: 1,
        kind: 'final',
        bytes: bytes.length,
        sha256: sha256(weights),
        weightsSha256: sha256(weights),
        abRmse: 15,
        at: new Date().toISOString(),
      },
    },
  ]);
  await by.complete(runId, sha256(weights));
}

const trainedRun = async () => {
  const runId = await launchRun();
  await train(runId, trainer, losses, 'a');
  return runId;
};
const reproduce = (runId: string, body: unknown = {}) =>
  api.post<Reproduction & Problem>(`/runs/${runId}/reproduce`, body);
const verdictOf = async (runId: string) =>
  (
    await until(
      () => api.get<RunDetail>(`/runs/${runId}`),
      ({ verdict }) => verdict !== null,
    )
  ).verdict;

describe('reproducing', () => {
  it('equal losses and weights are IDENTICAL', async () => {
    const original = await trainedRun();
    const { status, body } = await reproduce(original);
    expect(status).toBe(201);
    expect(body).toMatchObject({ id: `${original}-r1`, reproductionOf: original, expected: 'IDENTICAL' });
    await train(body.id, trainer, losses, 'a');
    expect(await verdictOf(body.id)).toEqual({ verdict: 'IDENTICAL', steps: 4, weightsSha256: sha256('a') });
  });

  it('another recipe is DIVERGED at the first step that differs', async () => {
    const original = await trainedRun();
    const { recipe } = await api.get<RunDetail>(`/runs/${original}`);
    const changed = { ...recipe, optimizer: { ...recipe.optimizer, learningRate: 0.5 } };
    const { body } = await reproduce(original, { recipe: changed });
    expect(body).toMatchObject({ expected: 'DIVERGED' });
    await train(body.id, trainer, [4, 3.5, 2, 1], 'b');
    expect(await verdictOf(body.id)).toMatchObject({
      verdict: 'DIVERGED',
      step: 2,
      original: 3,
      reproduced: 3.5,
    });
  });

  it('on another engine is EQUIVALENT, with the largest difference of the weights but not of the optimizer', async () => {
    const original = await trainedRun();
    const other = new TestTrainer(database, 'portable-trainer', portable);
    const { body } = await reproduce(original);
    await train(body.id, other, [4.001, 3.01, 2, 1], 'b');
    expect(await verdictOf(body.id)).toMatchObject({ verdict: 'EQUIVALENT', largestWeightDifference: 0.25 });
  });

  it('cannot be judged with damaged weights, which keeps no other from its verdict', async () => {
    const [damaged, sound] = [await trainedRun(), await trainedRun()];
    const other = new TestTrainer(database, 'portable-trainer', portable);
    await objects.put(`runs/${damaged}/1/checkpoints/step-4.safetensors`, Buffer.from('damaged'));
    const reproductions = [(await reproduce(damaged)).body, (await reproduce(sound)).body];
    for (const { id } of reproductions) await train(id, other, losses, 'b');

    expect(await verdictOf(reproductions[0]!.id)).toMatchObject({ verdict: 'NOT REPRODUCIBLE' });
    expect(await verdictOf(reproductions[1]!.id)).toMatchObject({ verdict: 'EQUIVALENT' });
  });

  it('a reproduction that fails says why', async () => {
    const { body } = await reproduce(await trainedRun());
    await trainer.claim(body.id);
    const failure = { class: 'codeBug' as const, message: 'it broke', remedy: 'mend it', step: 1 };
    await trainer.report(body.id, 1, [{ type: 'failed', failure }]);
    expect(await verdictOf(body.id)).toEqual({
      verdict: 'NOT REPRODUCIBLE',
      reason: 'the reproduction failed: it broke',
    });
  });

  it('a run that has not completed is refused', async () => {
    const { status, body } = await reproduce(await launchRun());
    expect([status, body.code]).toEqual([409, 'not_reproducible']);
    expect(body.title).toMatch(/^NOT REPRODUCIBLE because run .* is queued/);
  });

  it('is refused when a file of the dataset version is gone', async () => {
    const { digest } = await bringDataset(api, 'vanishing');
    const runId = await launchRun('vanishing');
    await train(runId, trainer, losses, 'a');
    const { manifest } = (await database.datasets.version(digest))!;
    await rm(join(api.folder, datasetFileKey(manifest.shards[0]!.ab)), { recursive: true });
    const { body } = await reproduce(runId);
    expect(body.title).toMatch(/NOT REPRODUCIBLE because train-0-ab.npy of version .* is gone/);
    expect(body.remedy).toContain('Import');
  });

  it('is refused with larger images than were imported', async () => {
    const original = await trainedRun();
    const { recipe } = await api.get<RunDetail>(`/runs/${original}`);
    const larger = { recipe: { ...recipe, model: { ...recipe.model, imageSize: 512 } } };
    const { status, body } = await reproduce(original, larger);
    expect(status).toBe(409);
    expect(body.title).toMatch(/because images of 512 pixels cannot be made of the \d+ of version/);
  });

  it('is refused with weights that are gone, or of another encoder', async () => {
    const original = await trainedRun();
    const { recipe } = await api.get<RunDetail>(`/runs/${original}`);
    const digest = 'cd'.repeat(32);
    const withWeights = { recipe: { ...recipe, model: { ...recipe.model, weights: digest } } };

    const gone = (await reproduce(original, withWeights)).body;
    await database.weights.insert({
      digest,
      name: 'v',
      network: 'vgg16',
      tensors: 26,
      bytes: 1,
      source: 'v.pth',
    });
    const withoutFile = (await reproduce(original, withWeights)).body;
    await objects.put(weightsKey(digest), Uint8Array.of(1));
    const other = (await reproduce(original, withWeights)).body;

    expect(gone.title).toMatch(/NOT REPRODUCIBLE because the weights cdcdcdcdcdcd are gone/);
    expect(gone.remedy).toContain('npx chromatune weights import FILE');
    expect(withoutFile.title).toBe(gone.title);
    expect(other.title).toMatch(/because the weights cdcdcdcdcdcd are of vgg16, not of resnet34/);
  });

  it('is refused with weights of LPIPS that are gone, or of something else', async () => {
    const original = await trainedRun();
    const { recipe } = await api.get<RunDetail>(`/runs/${original}`);
    const lpips = 'ce'.repeat(32);
    const measured = { recipe: { ...recipe, lpips } };

    const gone = (await reproduce(original, measured)).body;
    const about = { name: 'r', tensors: 1, bytes: 1, source: 'r.pth' };
    await database.weights.insert({ ...about, digest: lpips, network: 'resnet18' });
    await objects.put(weightsKey(lpips), Uint8Array.of(1));
    const other = (await reproduce(original, measured)).body;

    expect(gone.title).toMatch(/NOT REPRODUCIBLE because the weights cececececece are gone/);
    expect(other.title).toMatch(/because the weights cececececece are of resnet18, not of LPIPS/);
  });

  it('is refused when every trainer runs another code version', async () => {
    const runId = await trainedRun();
    const changed = new TestTrainer(database, trainer.id, { ...native, codeVersion: 'beef'.repeat(16) });
    await changed.register();
    const { body } = await reproduce(runId);
    await trainer.register();
    expect(body.title).toMatch(/NOT REPRODUCIBLE because it was trained by code version c0de.*beef/);
  });
});

describe('a run', () => {
  it('pauses, goes on and is cancelled', async () => {
    const id = await launchRun();
    expect((await api.post<Run>(`/runs/${id}/pause`)).body.state).toBe('paused');
    expect((await api.post<Run>(`/runs/${id}/resume`)).body.state).toBe('queued');
    expect((await api.post<Run>(`/runs/${id}/cancel`)).body.state).toBe('cancelled');
    const refused = await api.post<Problem>(`/runs/${id}/pause`);
    expect(refused.status).toBe(409);
  });

  it('that does not exist is answered with what to do', async () => {
    expect(await api.get<Problem>('/runs/s2222222-0')).toMatchObject({ code: 'run_not_found', status: 404 });
    expect(await api.get<Problem>('/runs/NO')).toMatchObject({ code: 'invalid_request', status: 400 });
  });

  it.each([
    '/runs?sweep=s0000000',
    '/runs/s0000000-0/points?since=5',
    '/curves?runs=s0000000-0&metrics=train/loss&size=9',
  ])('is not looked for by a word that the API does not know: %s', async (path) => {
    const problem = await api.get<Problem>(path);
    expect(problem).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(problem.title).toMatch(/Unrecognized key: "(sweep|since|size)"/);
  });

  it('exports all its points as CSV', async () => {
    const id = await trainedRun();
    const csv = await (await api.fetch(`/runs/${id}/points.csv`)).text();
    const points = await api.get<StoredPoint[]>(`/runs/${id}/points`);
    const [head, ...lines] = csv.trimEnd().split('\n');
    expect(head).toBe('attempt,seq,step,epoch,metric,value,superseded,at');
    expect(lines).toHaveLength(points.length);
    expect(lines[1]).toBe(`1,2,2,0.5,train/loss,3,false,${points[1]!.at}`);
  });

  it('gives its checkpoints as files', async () => {
    const id = await trainedRun();
    const response = await api.fetch(`/runs/${id}/checkpoints/1/4`);
    expect(response.headers.get('content-disposition')).toContain(`${id}-step-4.safetensors`);
    expect((await response.arrayBuffer()).byteLength).toBe(Number(response.headers.get('content-length')));
    expect(await api.get<Problem>(`/runs/${id}/checkpoints/1/5`)).toMatchObject({
      code: 'checkpoint_not_found',
    });
  });

  it('answers curves of several metrics and points after a place', async () => {
    const id = await trainedRun();
    const curves = await api.get<{ metric: string; exact: boolean }[]>(
      `/curves?runs=${id}&metrics=train/loss,validation/abRmse`,
    );
    expect(curves.map(({ metric }) => metric)).toEqual(['train/loss', 'validation/abRmse']);
    const points = await api.get<StoredPoint[]>(`/runs/${id}/points?attempt=1&after=2&metric=train/loss`);
    expect(points.map(({ step, value }) => [step, value])).toEqual([
      [3, 2],
      [4, 1],
    ]);
    expect((await api.fetch(`/curves?runs=${id}&metrics=loss`)).status).toBe(400);
  });
});

describe('old checkpoints', () => {
  it('are removed but for the two newest, the best and the final one', async () => {
    const runId = await launchRun();
    await trainer.claim(runId);
    const keyOf = (step: number) => `runs/${runId}/1/checkpoints/step-${step}.safetensors`;
    const steps = [1, 2, 3, 4, 5, 6];
    for (const step of steps) await objects.put(keyOf(step), new Uint8Array([step]));
    // All at once: the scheduler looks every second, and leaves four alone, as many as may ever be kept.
    const now = new Date().toISOString();
    const epochs = steps.flatMap((step) => {
      const abRmse = step === 2 ? 10 : 20;
      const here = { step, epoch: step, at: now };
      const file = { bytes: 1, sha256: sha256('c'), weightsSha256: sha256('c') };
      return [
        { type: 'point' as const, metric: 'validation/abRmse' as const, value: abRmse, ...here },
        {
          type: 'checkpoint' as const,
          key: keyOf(step),
          checkpoint: { kind: 'epoch' as const, abRmse, ...file, ...here },
        },
      ];
    });
    await trainer.report(runId, 1, epochs);
    const kept = await until(
      () => api.get<RunDetail>(`/runs/${runId}`),
      ({ checkpoints }) => checkpoints.length === 3,
    );
    expect(kept.checkpoints.map(({ step }) => step)).toEqual([2, 5, 6]);
    expect(await objects.exists(keyOf(1))).toBe(false);
    expect(await objects.exists(keyOf(2))).toBe(true);
  });
});
