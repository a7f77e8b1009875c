import { type Failure, type FailureClass } from '@chromatune/contracts';
import { cloneDatabase } from '@chromatune/test-support';
import { beforeEach, expect, test } from 'vitest';
import { clear, contents, useDatabase } from '../spec-database.js';
import {
  apply,
  at,
  checkpoint,
  claim,
  digest,
  finished,
  insertSweep,
  log,
  measure,
  point,
  points,
  recipe,
  sample,
} from '../spec-fixtures.js';
import { type AppliedEvent, maxLogLines } from './apply-events.js';

const spec = useDatabase(cloneDatabase);
const runs = () => spec.database.runs;
const demo = async () => (await runs().detail('demo-0'))!;
beforeEach(async () => {
  await clear(spec);
  await insertSweep(spec.database);
});

test('writes everything an attempt reports, in one go', async () => {
  await claim(spec.database);
  const baselines = { grey: { abRmse: 20, psnr: 15 }, meanColor: { abRmse: 18, psnr: 16 } };

  const answer = await apply(spec.database, 1, [
    started(1, 0),
    { type: 'baselines', seq: 2, baselines },
    point(3, 1, 0.5),
    point(4, 2, 'NaN'),
    point(5, 3, '-Infinity'),
    measure(6, 'validation/abRmse', 3, 15.5),
    sample(7, 1),
    checkpoint(8, 3, 15.5),
    log(9, 'epoch 1 done'),
  ]);

  expect(answer).toBe('applied');
  expect(await demo()).toMatchObject({
    state: 'running',
    step: 3,
    epoch: 0.03,
    totalSteps: 400,
    microBatch: 16,
    baselines,
    learned: true,
    latest: { 'train/loss': '-Infinity', 'validation/abRmse': 15.5 },
    best: {
      'train/loss': { value: 0.5, step: 1, epoch: 0.01 },
      'validation/abRmse': { value: 15.5, step: 3 },
    },
    checkpoints: [{ attempt: 1, step: 3, isBest: true, key: 'checkpoints/step-3', at }],
  });
  const stored = await spec.database.points.ofRun('demo-0');
  expect(stored.map(({ seq, value }) => [seq, value])).toEqual([
    [3, 0.5],
    [4, 'NaN'],
    [5, '-Infinity'],
    [6, 15.5],
  ]);
  expect(stored[0]).toEqual({
    attempt: 1,
    seq: 3,
    metric: 'train/loss',
    step: 1,
    epoch: 0.01,
    value: 0.5,
    at,
    superseded: false,
  });
  expect(await spec.database.samples.find('demo-0', 1, 1)).toMatchObject({
    key: 'samples/epoch-1-7.png',
    tileSize: 64,
  });
  expect(await spec.database.logs.ofRun('demo-0')).toEqual([
    { attempt: 1, seq: 9, level: 'info', message: 'epoch 1 done', at },
  ]);
});

test('changes nothing when the same or overlapping batches come again', async () => {
  await claim(spec.database);
  const events = [started(1, 0), ...points(2, 1, 50), sample(52, 1), checkpoint(53, 50, 3), log(54, 'x')];
  await apply(spec.database, 1, events);
  const before = await contents(spec);

  const answers = [
    await apply(spec.database, 1, events),
    await apply(spec.database, 1, events.slice(10, 30)),
    await apply(spec.database, 1, [...events].reverse()),
    await apply(spec.database, 1, []),
  ];

  expect(answers).toEqual(['applied', 'applied', 'applied', 'applied']);
  expect(await contents(spec)).toBe(before);
  await apply(spec.database, 1, [...events.slice(40), point(55, 51)]);
  expect(await spec.database.points.ofRun('demo-0')).toHaveLength(51);
});

test('applies the same batch once when 10 connections send it at the same time', async () => {
  await claim(spec.database);
  const events = [started(1, 0), ...points(2, 1, 100)];

  const answers = await Promise.all(Array.from({ length: 10 }, () => apply(spec.database, 1, events)));

  expect(new Set(answers)).toEqual(new Set(['applied']));
  expect(await spec.database.points.ofRun('demo-0')).toHaveLength(100);
});

test('writes nothing of a batch in which one event is refused', async () => {
  await claim(spec.database);
  const before = await contents(spec);
  const broken = { ...log(3, 'x'), level: 'loud' } as unknown as AppliedEvent;

  await expect(apply(spec.database, 1, [point(1, 1), sample(2, 1), broken])).rejects.toThrow(
    'log_lines_level_check',
  );

  expect(await contents(spec)).toBe(before);
});

test('refuses a gap, because what is missing would be lost', async () => {
  await claim(spec.database);
  await apply(spec.database, 1, points(1, 1, 5));

  await expect(apply(spec.database, 1, points(7, 7, 9))).rejects.toMatchObject({
    code: 'events_missing',
    message: 'Attempt 1 of run demo-0 sent event 7 where 6 is next.',
  });
  expect(await spec.database.points.ofRun('demo-0')).toHaveLength(5);
});

test('fences an attempt whose lease was given to another: nothing it sends changes anything', async () => {
  await claim(spec.database);
  await apply(spec.database, 1, points(1, 1, 5));
  await runs().release({ runId: 'demo-0', attempt: 1, state: 'lost', reason: 'test' });
  const whileQueued = await contents(spec);
  const answers = [await apply(spec.database, 1, points(6, 6, 9))];
  expect(await contents(spec)).toBe(whileQueued);
  await claim(spec.database, 2, { trainerId: 'trainer-2' });
  const before = await contents(spec);

  answers.push(
    await apply(spec.database, 1, points(1, 1, 5)), // even what it had sent before
    await apply(spec.database, 1, [...points(6, 6, 9), finished(10)]),
    await apply(spec.database, 3, points(1, 1, 5)), // an attempt that is not yet
    await runs()
      .reportsOf({ runId: 'unknown', attempt: 1 })
      .apply(points(1, 1, 5)),
    await runs().release({ runId: 'demo-0', attempt: 1, state: 'lost', reason: 'late' }),
  );

  expect(answers).toEqual(Array.from({ length: 6 }, () => 'fenced'));
  expect(await contents(spec)).toBe(before);
  expect(await runs().renew({ trainerId: 'trainer-1', leaseSeconds: 30 })).toEqual([]);
});

test('answers applied when the last batch comes again after it has ended the attempt', async () => {
  await claim(spec.database);
  const events = [...points(1, 1, 5), finished(6)];
  await apply(spec.database, 1, events);
  const before = await contents(spec);

  expect(await apply(spec.database, 1, events)).toBe('applied');
  expect(await apply(spec.database, 1, [...events, point(7, 6)])).toBe('fenced');
  expect(await contents(spec)).toBe(before);
});

test('completes a run with its weights', async () => {
  await claim(spec.database);

  await apply(spec.database, 1, [...points(1, 1, 5), finished(6)]);

  const run = await demo();
  expect(run).toMatchObject({ state: 'completed', weightsSha256: digest('e'), trainerId: null, note: null });
  expect(run.endedAt).not.toBeNull();
  expect(run.attempts[0]).toMatchObject({ number: 1, state: 'completed' });
  expect((await spec.database.sweeps.find('demo'))!.runsByState).toEqual({ completed: 1 });
});

test.each([
  ['pause', 'paused', 'paused'],
  ['cancel', 'cancelled', 'cancelled'],
  ['continue', 'queued', 'released'],
] as const)(
  'after a checkpoint and exit that answers "%s" the run is %s',
  async (command, state, attemptState) => {
    await claim(spec.database);
    await runs().setCommand('demo-0', command);

    await apply(spec.database, 1, [...points(1, 1, 5), checkpoint(6, 5), finished(7, 'paused')]);

    expect(await demo()).toMatchObject({
      state,
      restarts: 0,
      attempts: [{ state: attemptState }],
      weightsSha256: null,
    });
  },
);

test.each(['nonFiniteLoss', 'codeBug', 'outOfMemory', 'corruptShard'] as const)(
  'fails a run at once for %s, which would only happen again',
  async (failureClass) => {
    await claim(spec.database);

    await apply(spec.database, 1, [point(1, 1), failed(2, failureClass)]);

    const run = await demo();
    expect(run).toMatchObject({ state: 'failed', restarts: 0, failure: failureOf(failureClass) });
    expect(run.attempts[0]).toMatchObject({ state: 'failed', failure: failureOf(failureClass) });
    expect(run.endedAt).not.toBeNull();
  },
);

test.each(['io', 'hungStep', 'badDevice'] as const)(
  'tries again after %s until no restart is left',
  async (failureClass) => {
    for (let attempt = 1; attempt <= 5; attempt++) {
      await claim(spec.database, attempt);
      await apply(spec.database, attempt, [failed(1, failureClass)]);
      expect(await demo()).toMatchObject({ state: 'queued', restarts: attempt, failure: null });
    }
    await claim(spec.database, 6);

    await apply(spec.database, 6, [failed(1, failureClass)]);

    const { state, restarts, failure } = await demo();
    expect({ state, restarts, class: failure!.class }).toEqual({
      state: 'failed',
      restarts: 5,
      class: failureClass,
    });
    expect(failure!.message).toContain('restarted 5 times');
  },
);

test('marks the steps of a dead attempt superseded, and counts neither their best nor their latest', async () => {
  await claim(spec.database);
  await apply(spec.database, 1, [
    measure(1, 'validation/abRmse', 100, 12),
    measure(2, 'validation/psnr', 100, 20),
    checkpoint(3, 100, 12),
    measure(4, 'validation/abRmse', 200, 9),
    measure(5, 'validation/psnr', 200, 30),
    point(6, 250, 0.1),
  ]);
  expect((await demo()).best['validation/abRmse']!.value).toBe(9);
  await runs().release({ runId: 'demo-0', attempt: 1, state: 'lost', reason: 'test' });

  await claim(spec.database, 2);

  expect(await demo()).toMatchObject({
    step: 100,
    epoch: 1,
    latest: { 'validation/abRmse': 12, 'validation/psnr': 20 },
    best: { 'validation/abRmse': { value: 12, step: 100, epoch: 1 }, 'validation/psnr': { value: 20 } },
  });
  expect((await demo()).latest['train/loss']).toBeUndefined();
  await apply(spec.database, 2, [measure(1, 'validation/abRmse', 200, 11)]);
  const stored = await spec.database.points.ofRun('demo-0', { metric: 'validation/abRmse' });
  expect(stored.map(({ attempt, step, superseded }) => [attempt, step, superseded])).toEqual([
    [1, 100, false],
    [1, 200, true],
    [2, 200, false],
  ]);
  expect((await demo()).best['validation/abRmse']).toMatchObject({ value: 11, step: 200 });
});

test('supersedes all of an attempt, step 0 too, when the next begins from the initial weights', async () => {
  await claim(spec.database);
  await apply(spec.database, 1, [measure(1, 'validation/abRmse', 0, 12), point(2, 1)]);
  await runs().release({ runId: 'demo-0', attempt: 1, state: 'lost', reason: 'test' });

  await claim(spec.database, 2);

  expect(await demo()).toMatchObject({ step: 0, epoch: 0, latest: {}, best: {} });
  expect((await spec.database.points.ofRun('demo-0')).every(({ superseded }) => superseded)).toBe(true);
});

test('supersedes more when the child began earlier than the claim thought', async () => {
  await claim(spec.database);
  await apply(spec.database, 1, [...points(1, 1, 100), checkpoint(101, 50), checkpoint(102, 100)]);
  await runs().release({ runId: 'demo-0', attempt: 1, state: 'lost', reason: 'test' });
  await claim(spec.database, 2);

  await apply(spec.database, 2, [started(1, 50), point(2, 51, 7)]);

  const stored = await spec.database.points.ofRun('demo-0');
  expect(stored.filter(({ superseded }) => superseded).map(({ step }) => step)).toEqual(range(51, 100));
  expect(await demo()).toMatchObject({ step: 51, latest: { 'train/loss': 7 } });
  expect((await spec.database.checkpoints.latest('demo-0'))!.step).toBe(50);
});

test('shows a sample of a dead attempt until a later one has reached that epoch', async () => {
  await claim(spec.database);
  await apply(spec.database, 1, [checkpoint(1, 50), sample(2, 1), sample(3, 2)]);
  await runs().release({ runId: 'demo-0', attempt: 1, state: 'lost', reason: 'test' });
  await claim(spec.database, 2);
  await apply(spec.database, 2, [sample(1, 1)]);

  const samples = await spec.database.samples.ofRun('demo-0');

  expect(samples.map(({ epoch, attempt }) => [epoch, attempt])).toEqual([
    [1, 2],
    [2, 1],
  ]);
});

test('keeps the newest log lines, without characters that text cannot hold', async () => {
  await claim(spec.database);
  const lines = range(1, maxLogLines + 500).map((seq) => log(seq, `line ${seq}\0 \ud800`));

  await apply(spec.database, 1, lines.slice(0, 4000));
  await apply(spec.database, 1, lines.slice(4000));

  const counted = await spec.sql<{ count: number; first: number }>(
    `SELECT count(*)::int AS count, min(seq) AS first FROM log_lines`,
  );
  expect(counted).toEqual([{ count: maxLogLines, first: 501 }]);
  const last = await spec.database.logs.ofRun('demo-0');
  expect(last).toHaveLength(1000);
  expect(last.at(-1)!.message).toBe(`line ${maxLogLines + 500} \ufffd`);
  const next = await spec.database.logs.ofRun('demo-0', { attempt: 1, seq: 600 });
  expect([next[0]!.seq, next.at(-1)!.seq]).toEqual([601, 1600]);
});

const errors = ['NaN', 5, 7, 8, 6] as const;
const aucs = [0.7, 0.75, 0.8, 'NaN', 0.8] as const;

test.each([
  ['validation/abRmse', errors, { removable: [10, 30], best: 20 }],
  ['validation/aucRebalanced', aucs, { removable: [10, 20], best: 30 }],
] as const)(
  'keeps of the checkpoints the two newest, the final one and the best in %s, by which the sweep ranks',
  async (metric, values, expected) => {
    await clear(spec);
    await insertSweep(spec.database, 1, { objective: { metric } });
    await claim(spec.database);
    await apply(spec.database, 1, epochs);

    const removable = await spec.database.checkpoints.removable('demo-0');

    expect(removable.map(({ step }) => step)).toEqual(expected.removable);
    const { checkpoints } = await demo();
    expect(checkpoints.map(({ objective }) => objective)).toEqual(values.map((value) => ({ metric, value })));
    expect(checkpoints.filter(({ isBest }) => isBest).map(({ step }) => step)).toEqual([expected.best]);
  },
);

test('chooses the best checkpoint of a run that no sweep made by its ab RMSE', async () => {
  await clear(spec);
  await insertSweep(spec.database, 1, { objective: { metric: 'validation/aucRebalanced' } });
  const alone = { id: 'alone-0', sweepId: null, index: 0, label: 'alone', parameters: {}, recipe: recipe() };
  await runs().insertMany([alone]);
  await claim(spec.database, 1, { runId: alone.id });
  await runs().reportsOf({ runId: alone.id, attempt: 1 }).apply(epochs);

  const best = (await spec.database.checkpoints.ofRun(alone.id)).find(({ isBest }) => isBest)!;

  expect([best.step, best.objective]).toEqual([20, { metric: 'validation/abRmse', value: 5 }]);
});

test('chooses the best checkpoint of a reproduction, and of one of that, as its original does', async () => {
  await clear(spec);
  await insertSweep(spec.database, 1, { objective: { metric: 'validation/aucRebalanced' } });
  const reproduction = await runs().insertReproduction('demo-0', recipe());
  const { id } = await runs().insertReproduction(reproduction.id, recipe());
  await claim(spec.database, 1, { runId: id });
  await runs().reportsOf({ runId: id, attempt: 1 }).apply(epochs);

  const best = (await spec.database.checkpoints.ofRun(id)).find(({ isBest }) => isBest)!;

  expect([best.step, best.objective]).toEqual([30, { metric: 'validation/aucRebalanced', value: 0.8 }]);
});

test('takes neither a superseded checkpoint for the best one, nor one in the middle of an epoch', async () => {
  await claim(spec.database);
  await apply(spec.database, 1, [
    measure(1, 'validation/abRmse', 10, 9),
    checkpoint(2, 10),
    measure(3, 'validation/abRmse', 20, 5),
    checkpoint(4, 20),
  ]);
  await runs().release({ runId: 'demo-0', attempt: 1, state: 'lost', reason: 'test' });
  await claim(spec.database, 2);
  await apply(spec.database, 2, [started(1, 10), checkpoint(2, 15)]);

  const { checkpoints } = await demo();

  expect(checkpoints.map(({ step, objective, isBest }) => [step, objective.value, isBest])).toEqual([
    [10, 9, true],
    [15, null, false],
    [20, 5, false],
  ]);
});

/** Five, each with what it measured and then its checkpoint. */
const epochs = [10, 20, 30, 40, 50].flatMap((step, index) => [
  measure(3 * index + 1, 'validation/abRmse', step, errors[index]!),
  measure(3 * index + 2, 'validation/aucRebalanced', step, aucs[index]!),
  checkpoint(3 * index + 3, step),
]);

function started(seq: number, fromStep: number): AppliedEvent {
  return { type: 'started', seq, fromStep, totalSteps: 400, parameters: 1000, microBatch: 16 };
}

const failureOf = (failureClass: FailureClass): Failure => ({
  class: failureClass,
  message: 'it broke',
  remedy: 'mend it',
  step: 1,
});

const failed = (seq: number, failureClass: FailureClass): AppliedEvent => ({
  type: 'failed',
  seq,
  failure: failureOf(failureClass),
});

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
