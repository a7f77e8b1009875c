import type { Problem, Run, Sweep, SweepPlan } from '@chromatune/contracts';
import { type Database, openDatabase } from '@chromatune/database';
import { cloneDatabase, startRedis } from '@chromatune/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bringDataset, TestApi, TestTrainer, until } from '../api.fixture.js';

const stops: (() => Promise<unknown>)[] = [];
let api: TestApi;
let database: Database;

beforeAll(async () => {
  const clone = await cloneDatabase();
  const redis = await startRedis();
  api = await TestApi.start({
    databaseUrl: clone.url,
    redisUrl: redis.url,
    more: { MAX_RUNS_PER_SWEEP: '50' },
  });
  database = await openDatabase(clone.url, { poolSize: 2 });
  stops.push(
    () => database.close(),
    () => api.close(),
    () => redis.stop(),
    () => clone.drop(),
  );
  await bringDataset(api, 'photos');
});
afterAll(async () => {
  for (const stop of stops) await stop();
});

const yamlOf = (more: string) => `name: a sweep\ndataset: photos\n${more}\nbudget: { epochs: 2 }\n`;
const sixRuns = yamlOf(
  'space: { batchSize: [8, 16, 32], learningRate: [0.001, 0.01] }\nsearch: { parallel: 2 }',
);
const launch = (yaml: string) => api.post<Sweep & Problem>('/sweeps', { yaml });
const runsOf = (id: string) => api.get<Run[]>(`/sweeps/${id}/runs`);
const launchSixRuns = async () => {
  const { body } = await launch(sixRuns);
  await until(
    () => runsOf(body.id),
    (runs) => runs.length === 2,
  );
  return body.id;
};

describe('launching', () => {
  it('a wrong spec is refused, each problem at its line and column', async () => {
    const { status, body } = await launch(yamlOf('space:\n  batchSize: [8, 16]\n  learnRate: [0.1]'));
    expect([status, body.code]).toEqual([400, 'invalid_sweep_spec']);
    expect(body.title).toContain('line 5');
    expect(body.fields?.[0]).toMatchObject({ line: 5, column: 3 });
  });

  it('text that is no YAML is refused at its place', async () => {
    const { status, body } = await launch('name: [a\ndataset: photos');
    expect(status).toBe(400);
    expect(body.fields?.[0]?.line).toBeGreaterThan(0);
  });

  it('an unknown dataset is refused with the names that exist', async () => {
    const { status, body } = await launch(sixRuns.replace('photos', 'fotos'));
    expect(status).toBe(400);
    expect(body.fields?.[0]).toMatchObject({ path: 'dataset', line: 2 });
    expect(body.fields?.[0]?.message).toContain('photos');
  });

  it('images larger than imported are refused', async () => {
    const { body } = await launch(yamlOf('model:\n  imageSize: 128'));
    expect(body.fields?.[0]).toMatchObject({ path: 'model.imageSize', line: 4 });
  });

  it('a warm-up that no run outlasts is refused', async () => {
    const { body } = await launch(yamlOf('training:\n  warmupSteps: 1000000'));
    expect(body.fields?.[0]).toMatchObject({ path: 'training.warmupSteps', line: 4 });
  });

  it('more runs than the platform allows are refused', async () => {
    const { body } = await launch(
      yamlOf('space: { seed: { distribution: integer, min: 1, max: 60, count: 60 } }'),
    );
    expect(body.fields?.[0]?.message).toMatch(/60 runs .* 50/);
  });

  it('imported weights must be known, of the right encoder, and for its full width', async () => {
    const digest = 'ab'.repeat(32);
    const withWeights = (encoder: string, more = '') =>
      yamlOf(`model:\n  encoder: ${encoder}\n  weights: ${digest}\n${more}`);
    const problem = async (yaml: string) => (await launch(yaml)).body.fields?.[0];

    expect(await problem(withWeights('resnet18'))).toMatchObject({
      path: 'model.weights',
      line: 5,
      message: 'There are no weights abababababab. Import them with: npx chromatune weights import FILE',
    });

    const about = { name: 'imagenet', network: 'resnet18', tensors: 100, bytes: 1, source: 'a.pth' } as const;
    await database.weights.insert({ digest, ...about });

    expect((await problem(withWeights('resnet34')))?.message).toContain(
      'The weights abababababab (imagenet) are of resnet18, and a run has the encoder resnet34.',
    );
    expect((await problem(withWeights('resnet18', '  width: 0.5\n')))?.message).toContain(
      'are for width 1, and a run has 0.5',
    );
    const varied = 'space:\n  encoder: [resnet18, resnet34]\n';
    const paired = `${varied}  weights: { values: [none, ${digest}], when: { encoder: resnet18 } }`;
    expect((await problem(yamlOf(`model: { weights: ${digest} }\n${varied}`)))?.path).toBe('model.weights');
    const planned = await api.post<SweepPlan>('/sweeps/plan', { yaml: yamlOf(paired) });
    expect(planned.body).toMatchObject({ problems: [], runs: 3 });
    expect((await launch(withWeights('resnet18'))).status).toBe(201);
  });

  it('weights of LPIPS must be known, and weights of each kind stand where they belong', async () => {
    const [lpips, encoder] = ['bc'.repeat(32), 'bd'.repeat(32)];
    const problem = async (yaml: string) => (await launch(yaml)).body.fields?.[0];
    const measured = yamlOf(`training:\n  lpips: ${lpips}`);

    expect(await problem(measured)).toMatchObject({
      path: 'training.lpips',
      line: 4,
      message: 'There are no weights bcbcbcbcbcbc. Import them with: npx chromatune weights import FILE',
    });

    const about = { tensors: 1, bytes: 1, source: 'a.pth' };
    await database.weights.insert({ ...about, digest: lpips, name: 'perceptual', network: 'lpips-alex' });
    await database.weights.insert({ ...about, digest: encoder, name: 'features', network: 'vgg16' });

    expect((await problem(yamlOf(`space: { lpips: [none, ${encoder}] }`)))?.message).toContain(
      'The weights bdbdbdbdbdbd (features) are of vgg16, not of LPIPS.',
    );
    expect((await problem(yamlOf(`model: { weights: ${lpips} }`)))?.message).toContain(
      'The weights bcbcbcbcbcbc (perceptual) are of LPIPS, and no encoder can start from them.',
    );
    expect((await launch(measured)).status).toBe(201);
  });

  it('makes as many runs as may be active at once, each with its recipe', async () => {
    const { status, body } = await launch(sixRuns);
    expect(status).toBe(201);
    expect(body).toMatchObject({ state: 'running', plannedRuns: 6, varying: ['batchSize', 'learningRate'] });
    const runs = await until(
      () => runsOf(body.id),
      (made) => made.length >= 2,
    );
    expect(runs.map(({ id, state }) => [id, state])).toEqual([
      [`${body.id}-0`, 'queued'],
      [`${body.id}-1`, 'queued'],
    ]);
    expect(runs[0]?.parameters).toEqual({ batchSize: 8, learningRate: 0.001 });
  });
});

describe('planning', () => {
  it('tells the runs without making any', async () => {
    const before = (await api.get<Sweep[]>('/sweeps')).length;
    const { status, body } = await api.post<SweepPlan>('/sweeps/plan', { yaml: sixRuns });
    expect(status).toBe(200);
    expect(body).toMatchObject({ problems: [], runs: 6, varying: ['batchSize', 'learningRate'] });
    expect(body.preview).toHaveLength(6);
    expect(await api.get<Sweep[]>('/sweeps')).toHaveLength(before);
  });

  it('tells a missing dataset beside the runs', async () => {
    const { body } = await api.post<SweepPlan>('/sweeps/plan', { yaml: sixRuns.replace('photos', 'fotos') });
    expect(body.runs).toBe(6);
    expect(body.problems[0]).toMatchObject({ path: 'dataset', line: 2 });
  });
});

describe('a sweep as a whole', () => {
  it('pauses its runs and goes on with them', async () => {
    const id = await launchSixRuns();
    expect((await api.post<Sweep>(`/sweeps/${id}/pause`)).body.state).toBe('paused');
    expect((await runsOf(id)).map(({ state }) => state)).toEqual(['paused', 'paused']);
    expect((await api.post<Sweep>(`/sweeps/${id}/resume`)).body.state).toBe('running');
    expect((await runsOf(id)).map(({ state }) => state)).toEqual(['queued', 'queued']);
  });

  it('is cancelled with all that has not ended, for good', async () => {
    const id = await launchSixRuns();
    expect((await api.post<Sweep>(`/sweeps/${id}/cancel`)).body.state).toBe('cancelled');
    expect((await runsOf(id)).map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
    const again = await api.post<Problem>(`/sweeps/${id}/resume`);
    expect([again.status, again.body.code]).toEqual([409, 'sweep_has_ended']);
    expect(again.body.remedy).toBeTruthy();
  });

  it('is completed when all its runs have ended', async () => {
    const id = await launchSixRuns();
    const trainer = new TestTrainer(database);
    for (let index = 0; index < 6; index++) {
      const runId = `${id}-${index}`;
      await until(
        () => runsOf(id),
        (runs) => runs.some((run) => run.id === runId),
      );
      expect(await trainer.claim(runId)).not.toBeNull();
      await trainer.complete(runId, 'a'.repeat(64));
    }
    const sweep = await until(
      () => api.get<Sweep>(`/sweeps/${id}`),
      ({ state }) => state !== 'running',
    );
    expect(sweep).toMatchObject({ state: 'completed', runsByState: { completed: 6 } });
    expect(await runsOf(id)).toHaveLength(6);
  });

  it('that does not exist is answered with what to do', async () => {
    expect(await api.get<Problem>('/sweeps/s2222222')).toMatchObject({
      code: 'sweep_not_found',
      status: 404,
    });
  });
});
