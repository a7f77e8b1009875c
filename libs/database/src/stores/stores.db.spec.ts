import { canonicalJson, sweepSpec } from '@chromatune/contracts';
import { cloneDatabase } from '@chromatune/test-support';
import { beforeEach, expect, test } from 'vitest';
import { clear, useDatabase } from '../spec-database.js';
import {
  apply,
  claim,
  digest,
  environment,
  finished,
  insertSweep,
  manifest,
  measure,
  recipe,
} from '../spec-fixtures.js';

const spec = useDatabase(cloneDatabase);
beforeEach(() => clear(spec));

test('gives a spec back with its keys in the order in which they were written', async () => {
  await spec.database.datasets.insertVersion(manifest(), digest('d'), 1);
  const space = { learningRate: [1e-3, 1e-7], batchSize: [16, 8], loss: ['regression', 'classification'] };
  const parsed = sweepSpec.parse({ name: 'order', dataset: 'first-photos', space, budget: { epochs: 2 } });
  const varying = ['learningRate', 'batchSize', 'loss'];
  const sweep = {
    id: 'order',
    spec: parsed,
    yaml: 'name: order',
    datasetDigest: digest('d'),
    plannedRuns: 8,
    varying,
  };
  await spec.database.sweeps.insert(sweep);

  const found = (await spec.database.sweeps.find('order'))!;

  expect(JSON.stringify(found.spec)).toBe(JSON.stringify(parsed));
  expect(found).toMatchObject({
    yaml: 'name: order',
    dataset: { name: 'first-photos', digest: digest('d') },
    varying,
  });
});

test('gives a manifest back with the digest it came with', async () => {
  const odd = manifest('odd');
  odd.statistics.meanAb = [1e-7, 0.1 + 0.2];
  odd.card.title = 'Ünïcode 🦩 "quotes" \\ \u2028';
  await spec.database.datasets.insertVersion(odd, digest('1'), 5);

  const found = (await spec.database.datasets.version(digest('1')))!;

  expect(canonicalJson(found.manifest)).toBe(canonicalJson(odd));
  expect(found.version).toMatchObject({ name: 'odd', bytes: 5, shards: 1, imageSize: 64 });
});

test('finds dataset versions by name and by the beginning of a digest', async () => {
  const { datasets } = spec.database;
  await datasets.insertVersion(manifest(), digest('1'), 1);
  await datasets.insertVersion(manifest(), `12${digest('3').slice(2)}`, 1);
  await datasets.insertVersion(manifest('other'), digest('4'), 1);
  await datasets.insertVersion(manifest('other'), digest('4'), 1);

  expect((await datasets.resolve('first-photos')).digest).toBe(`12${digest('3').slice(2)}`);
  expect((await datasets.resolve('first-photos@1111')).digest).toBe(digest('1'));
  expect((await datasets.list()).map(({ name, versions }) => [name, versions.length])).toEqual([
    ['first-photos', 2],
    ['other', 1],
  ]);
  expect(
    (await datasets.find('first-photos'))!.versions.map(({ digest: found }) => found.slice(0, 2)),
  ).toEqual(['12', '11']);
  expect(await datasets.find('nothing')).toBeNull();
  await expect(datasets.resolve('first-photos@1')).rejects.toMatchObject({ code: 'dataset_ambiguous' });
  await expect(datasets.resolve('first-photos@99')).rejects.toMatchObject({
    message: 'The dataset first-photos has no version 99.',
    remedy: expect.stringContaining('123333333333, 111111111111') as string,
  });
  await expect(datasets.resolve('frist-photos')).rejects.toMatchObject({
    code: 'dataset_not_found',
    remedy: expect.stringContaining('There are: first-photos, other.') as string,
  });
});

test('counts the runs of a sweep and names its best by the objective', async () => {
  await insertSweep(spec.database, 3);
  const baselines = { grey: { abRmse: 14.27, psnr: 22 }, meanColor: { abRmse: 14.83, psnr: 21 } };
  for (const [index, value] of [12, 9, 'NaN' as const].entries()) {
    const runId = `demo-${index}`;
    await claim(spec.database, 1, { runId });
    await spec.database.runs
      .reportsOf({ runId, attempt: 1 })
      .apply([
        { type: 'baselines', seq: 1, baselines },
        measure(2, 'validation/abRmse', 100, value),
        ...(index === 0 ? [finished(3)] : []),
      ]);
  }

  const [sweep] = await spec.database.sweeps.list();

  expect(sweep).toMatchObject({
    runsByState: { completed: 1, running: 2 },
    best: { runId: 'demo-1', label: 'run 1', value: 9, epoch: 1, baselines },
  });
  expect(await spec.database.sweeps.active()).toMatchObject([
    { sweep: { id: 'demo' }, createdRuns: 3, activeRuns: 2 },
  ]);
});

test.each([
  ['validation/auc', 0.9],
  ['validation/deltaE2000', 0.7],
] as const)('names the best by %s: what is better follows from the metric', async (metric, best) => {
  await insertSweep(spec.database, 3, { objective: { metric } });
  for (const [index, value] of [0.8, 0.9, 0.7].entries()) {
    const runId = `demo-${index}`;
    await claim(spec.database, 1, { runId });
    await spec.database.runs.reportsOf({ runId, attempt: 1 }).apply([measure(1, metric, 100, value)]);
  }

  expect((await spec.database.sweeps.find('demo'))!.best!.value).toBe(best);
});

test('ends a sweep once, and says when there is none', async () => {
  await insertSweep(spec.database);

  const ended = await spec.database.sweeps.setState('demo', 'completed');
  const again = await spec.database.sweeps.setState('demo', 'completed');

  expect(ended.endedAt).not.toBeNull();
  expect(again.endedAt).toBe(ended.endedAt);
  expect(await spec.database.sweeps.active()).toEqual([]);
  expect((await spec.database.sweeps.setState('demo', 'running')).endedAt).toBeNull();
  await expect(spec.database.sweeps.setState('nothing', 'paused')).rejects.toMatchObject({
    code: 'sweep_not_found',
  });
});

test('leaves runs as they are that are inserted again', async () => {
  await insertSweep(spec.database, 2);
  await claim(spec.database);
  const run = { id: 'demo-0', sweepId: 'demo', index: 0, label: 'changed', parameters: {}, recipe: recipe() };

  expect(await spec.database.runs.insertMany([run, { ...run, id: 'demo-2', index: 2 }])).toBe(1);

  const runs = await spec.database.runs.list({ sweepId: 'demo' });
  expect(runs.map(({ id, label, state }) => [id, label, state])).toEqual([
    ['demo-0', 'run 0', 'running'],
    ['demo-1', 'run 1', 'queued'],
    ['demo-2', 'changed', 'queued'],
  ]);
  expect(await spec.database.runs.list({ ids: ['demo-1', 'x'] })).toHaveLength(1);
});

test('queues reproductions beside the sweep, and keeps their verdict', async () => {
  await insertSweep(spec.database);
  const { runs } = spec.database;

  const changed = recipe({ batchSize: 8 });
  const both = await Promise.all([
    runs.insertReproduction('demo-0', recipe()),
    runs.insertReproduction('demo-0', changed),
  ]);
  await runs.setVerdict('demo-0-r1', { verdict: 'IDENTICAL', steps: 4, weightsSha256: digest('e') });

  expect(both.map(({ id }) => id).sort()).toEqual(['demo-0-r1', 'demo-0-r2']);
  expect(both[0]).toMatchObject({ sweepId: null, reproductionOf: 'demo-0', state: 'queued' });
  expect((await runs.detail('demo-0'))!.reproductions).toEqual(['demo-0-r1', 'demo-0-r2']);
  expect((await runs.detail('demo-0-r1'))!.verdict).toMatchObject({ verdict: 'IDENTICAL' });
  expect((await spec.database.sweeps.find('demo'))!.runsByState).toEqual({ queued: 1 });
  await expect(runs.insertReproduction('nothing', recipe())).rejects.toMatchObject({ code: 'run_not_found' });
});

test('lists ended reproductions until they are judged', async () => {
  await insertSweep(spec.database);
  const { runs } = spec.database;
  await runs.insertReproduction('demo-0', recipe());
  const before = await runs.awaitingVerdict();
  await claim(spec.database, 1, { runId: 'demo-0-r1' });
  await runs.reportsOf({ runId: 'demo-0-r1', attempt: 1 }).apply([finished(1)]);

  const ended = await runs.awaitingVerdict();
  await runs.setVerdict('demo-0-r1', { verdict: 'NOT REPRODUCIBLE', reason: 'test' });

  expect([before, ended, await runs.awaitingVerdict()]).toEqual([
    [],
    [{ runId: 'demo-0-r1', originalId: 'demo-0' }],
    [],
  ]);
});

test('knows trainers, what they train, and whether they are online', async () => {
  await insertSweep(spec.database);
  const { trainers } = spec.database;
  const fresh = {
    id: 'trainer-1',
    host: 'h',
    pool: 'default',
    slots: 2,
    engineReason: 'no GPU',
    memoryBytes: 2 ** 33,
  };
  await trainers.register({ ...fresh, environment: environment() });
  await claim(spec.database);

  expect(await trainers.list()).toMatchObject([
    { ...fresh, online: true, runs: ['demo-0'], draining: false },
  ]);
  expect(await trainers.heartbeat('trainer-1')).toEqual({ draining: false });
  expect(await trainers.setDraining('trainer-1', true)).toMatchObject({ draining: true });
  expect(await trainers.heartbeat('trainer-1')).toEqual({ draining: true });
  expect(await trainers.heartbeat('trainer-2')).toBeNull();
  await spec.sql(`UPDATE trainers SET last_seen_at = now() - interval '31 s'`);
  expect(await trainers.list()).toMatchObject([{ online: false }]);
  await spec.sql(`UPDATE trainers SET last_seen_at = now() - interval '2 days'`);
  expect(await trainers.list()).toEqual([]);
  expect(await trainers.register({ ...fresh, environment: environment() })).toMatchObject({
    online: true,
    draining: false,
  });
  await expect(trainers.setDraining('x', true)).rejects.toMatchObject({ code: 'trainer_not_found' });
});

test('answers null for what is not there', async () => {
  const { sweeps, runs, samples, checkpoints, points, logs } = spec.database;

  expect(
    await Promise.all([sweeps.find('x'), runs.find('x'), runs.detail('x'), samples.find('x', 1, 1)]),
  ).toEqual([null, null, null, null]);
  expect(
    await Promise.all([checkpoints.ofRun('x'), points.ofRun('x'), logs.ofRun('x'), samples.ofRun('x')]),
  ).toEqual([[], [], [], []]);
  expect(await apply(spec.database, 1, [])).toBe('fenced');
});

test('keeps weights by their digest: the first name stays', async () => {
  const { weights } = spec.database;
  const first = {
    digest: digest('a'),
    name: 'resnet34',
    network: 'resnet34' as const,
    tensors: 180,
    bytes: 85_224_416,
    source: 'resnet34-b627a593.pth',
  };
  const stored = await weights.insert(first);
  await weights.insert({ ...first, digest: digest('b'), name: 'mine', network: 'vgg16bn' });

  expect(stored).toEqual({ ...first, createdAt: expect.any(String) as string });
  expect(await weights.insert({ ...first, name: 'again' })).toEqual(stored);
  expect((await weights.list()).map(({ name }) => name)).toEqual(['mine', 'resnet34']);
  expect(await weights.find([digest('a'), digest('c')])).toEqual([stored]);
});

test('keeps what a trainer measured of the memory, the newest of each shape', async () => {
  const { memoryCorrections } = spec.database;
  await memoryCorrections.put('one', 'resnet18', 1.5);
  await memoryCorrections.put('one', 'resnet18', 1.25);
  await memoryCorrections.put('one', 'vgg16', 0.5);
  await memoryCorrections.put('other', 'resnet18', 3);

  const found = await memoryCorrections.find('one', ['resnet18', 'resnet34']);

  expect([...found]).toEqual([['resnet18', 1.25]]);
});
