import { createHash } from 'node:crypto';
import { canonicalJson } from '@chromatune/contracts';
import { cloneDatabase } from '@chromatune/test-support';
import { beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../database.js';
import { clear, useDatabase } from '../spec-database.js';
import {
  apply,
  checkpoint,
  claim,
  digest,
  environment,
  insertSweep,
  points,
  recipe,
} from '../spec-fixtures.js';

const spec = useDatabase(cloneDatabase);
beforeEach(async () => {
  await clear(spec);
  await insertSweep(spec.database, 2);
});

test('gives a run to exactly one of 20 trainers that claim it at once', async () => {
  const other = await openDatabase(spec.url);

  const claims = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      claim(index % 2 ? spec.database : other, 1, { trainerId: `trainer-${index}` }),
    ),
  );

  const won = claims.findIndex((result) => result !== null);
  expect(claims.filter((result) => result !== null)).toHaveLength(1);
  const run = await spec.database.runs.find('demo-0');
  expect(run).toMatchObject({ state: 'running', attempt: 1, trainerId: `trainer-${won}` });
  await other.close();
});

test('answers all that an attempt needs, and keeps the digest of the whole recipe', async () => {
  const claimed = await claim(spec.database);

  expect(claimed).toMatchObject({
    attempt: 1,
    recipe: recipe(),
    resume: null,
    run: { id: 'demo-0', state: 'running' },
  });
  expect(claimed!.manifest.name).toBe('first-photos');
  const { recipeDigest, environment: stored } = (await spec.database.runs.detail('demo-0'))!;
  const whole = canonicalJson({ ...recipe(), environment: environment() });
  expect(recipeDigest).toBe(createHash('sha256').update(whole).digest('hex'));
  expect(stored).toEqual(environment());
});

test('has the digest of a recipe that names the micro-batch, once a trainer has chosen one', async () => {
  const { batchSize } = recipe();
  const digestOfDemo = async (id = 'demo-0') => (await spec.database.runs.detail(id))!.recipeDigest;
  const startWith = (attempt: number, microBatch: number) =>
    apply(spec.database, attempt, [
      { type: 'started', seq: 1, fromStep: 0, totalSteps: 400, parameters: 1000, microBatch },
    ]);
  await claim(spec.database);
  const asWritten = await digestOfDemo();

  await startWith(1, batchSize);
  const atOnce = await digestOfDemo();
  await spec.database.runs.release({ runId: 'demo-0', attempt: 1, state: 'released', reason: 'test' });
  await claim(spec.database, 2);
  await startWith(2, 2);
  const inPieces = await digestOfDemo();
  await spec.database.runs.insertReproduction('demo-0', recipe());
  await claim(spec.database, 1, { runId: 'demo-0-r1' });

  const named = canonicalJson({ ...recipe(), microBatch: 2, environment: environment() });
  expect(atOnce).toBe(asWritten);
  expect(inPieces).toBe(createHash('sha256').update(named).digest('hex'));
  expect(await digestOfDemo('demo-0-r1')).toBe(inPieces);
});

test('drops a door-bell for an attempt that is over or not next', async () => {
  await claim(spec.database);
  await spec.database.runs.release({ runId: 'demo-0', attempt: 1, state: 'released', reason: 'test' });

  expect(await claim(spec.database, 1)).toBeNull();
  expect(await claim(spec.database, 3)).toBeNull();
  expect(await claim(spec.database, 2)).not.toBeNull();
  expect(await claim(spec.database, 1, { runId: 'unknown' })).toBeNull();
});

test('keeps a run on the engine that began it', async () => {
  await claim(spec.database);
  await spec.database.runs.release({ runId: 'demo-0', attempt: 1, state: 'released', reason: 'test' });

  const others = [
    { engine: 'cuda' },
    { engineVersion: 'tensorflow 2.22.0' },
    { threads: 4 },
    { device: 'another processor' },
  ] as const;
  for (const other of others)
    expect(await claim(spec.database, 2, { environment: environment(other) })).toBeNull();

  expect(await claim(spec.database, 2)).not.toBeNull();
});

test('gives nothing to a trainer that drains', async () => {
  const trainer = { id: 'trainer-1', host: 'h', pool: 'default', slots: 1, environment: environment() };
  await spec.database.trainers.register({ ...trainer, engineReason: '', memoryBytes: 1 });
  await spec.database.trainers.setDraining('trainer-1', true);

  expect(await claim(spec.database)).toBeNull();
});

test('goes on from the newest checkpoint whose file is there', async () => {
  await claim(spec.database);
  await apply(spec.database, 1, [
    ...points(1, 1, 30),
    checkpoint(31, 10),
    checkpoint(32, 20),
    checkpoint(33, 30),
  ]);
  await spec.database.checkpoints.markRemoved('demo-0', 1, 30);
  await spec.database.runs.release({ runId: 'demo-0', attempt: 1, state: 'lost', reason: 'test' });

  const claimed = await claim(spec.database, 2);

  expect(claimed!.resume).toMatchObject({
    attempt: 1,
    step: 20,
    key: 'checkpoints/step-20',
    sha256: digest('b'),
  });
  const { attempts } = (await spec.database.runs.detail('demo-0'))!;
  expect(attempts.map((attempt) => attempt.resumedFromStep)).toEqual([0, 20]);
});

test('hands out the weights that its recipe names, of encoder and LPIPS, and says which are missing', async () => {
  const model = { ...recipe().model, width: 1, weights: digest('7') };
  const [both, none] = [recipe({ model, lpips: digest('8') }), recipe({ lpips: digest('6') })];
  await spec.database.runs.insertMany(
    [both, none].map((one, index) => ({
      id: `demo-${7 + index}`,
      sweepId: null,
      index: 7 + index,
      label: '',
      parameters: {},
      recipe: one,
    })),
  );
  const about = { name: 'w', tensors: 1, source: 'w.pth' };
  await spec.database.weights.insert({ ...about, digest: digest('7'), network: 'resnet18', bytes: 70 });
  await spec.database.weights.insert({ ...about, digest: digest('8'), network: 'lpips-alex', bytes: 80 });

  expect(await claim(spec.database, 1, { runId: 'demo-7' })).toMatchObject({
    weights: { digest: digest('7'), bytes: 70 },
    lpips: { digest: digest('8'), bytes: 80 },
  });
  await expect(claim(spec.database, 1, { runId: 'demo-8' })).rejects.toMatchObject({
    code: 'weights_not_found',
    message: expect.stringContaining('needs the weights 666666666666') as string,
  });
});

test('says which dataset version is missing', async () => {
  const missing = recipe({ dataset: { name: 'other', digest: digest('9') } });
  const run = { id: 'demo-9', sweepId: null, index: 9, label: '', parameters: {}, recipe: missing };
  await spec.database.runs.insertMany([run]);

  await expect(claim(spec.database, 1, { runId: 'demo-9' })).rejects.toMatchObject({
    code: 'dataset_not_found',
    message: expect.stringContaining('999999999999 of the dataset other') as string,
  });
  expect((await spec.database.runs.find('demo-9'))!.state).toBe('queued');
});
