import { setTimeout as sleep } from 'node:timers/promises';
import { cloneDatabase } from '@chromatune/test-support';
import pg from 'pg';
import { beforeEach, expect, test, vi } from 'vitest';
import { clear, useDatabase } from '../spec-database.js';
import { apply, checkpoint, claim, environment, insertSweep, points } from '../spec-fixtures.js';

const spec = useDatabase(cloneDatabase, { maxRestarts: 2 });
const runs = () => spec.database.runs;
const demo = async () => (await runs().detail('demo-0'))!;
/** As if its trainer had been silent for that long. */
const age = (seconds: number) =>
  spec.sql(
    `UPDATE attempts SET lease_seconds = 0.01, lease_until = lease_until - make_interval(secs => $1::float8),
    last_seen_at = last_seen_at - make_interval(secs => $1::float8) WHERE state = 'running'`,
    [seconds],
  );
beforeEach(async () => {
  await clear(spec);
  await insertSweep(spec.database, 3);
});

test('marks an attempt lost whose lease ran out, and lets the run wait again', async () => {
  await claim(spec.database);
  await age(40);

  const lost = await runs().expireLeases();

  expect(lost).toEqual(['demo-0']);
  expect(await demo()).toMatchObject({
    state: 'queued',
    restarts: 1,
    attempts: [{ state: 'lost', reason: 'trainer trainer-1 did not renew its lease for 40 s' }],
  });
  expect(await runs().queued()).toContainEqual({ runId: 'demo-0', attempt: 2, pool: 'default' });
  expect(await runs().expireLeases()).toEqual([]);
});

test('expires a short lease by the clock of the database, without anybody touching it', async () => {
  await claim(spec.database, 1, { leaseSeconds: 0.3 });
  const early = await runs().expireLeases();
  await sleep(400);

  expect([early, await runs().expireLeases()]).toEqual([[], ['demo-0']]);
});

test('leaves an attempt alone whose lease was renewed', async () => {
  await claim(spec.database);
  await age(40);
  const leases = await runs().renew({ trainerId: 'trainer-1', leaseSeconds: 30 });

  expect(leases).toEqual([{ runId: 'demo-0', attempt: 1, command: 'continue' }]);
  expect(await runs().expireLeases()).toEqual([]);
  expect((await demo()).state).toBe('running');
});

test('leaves an attempt alone that is renewed while a scheduler already waits to mark it lost', async () => {
  await claim(spec.database);
  await age(40);
  const writer = new pg.Client({ connectionString: spec.url });
  await writer.connect();
  await writer.query(`BEGIN; SELECT 1 FROM runs WHERE id = 'demo-0' FOR UPDATE`);
  const expiring = runs().expireLeases();
  await vi.waitUntil(async () => (await spec.sql(`SELECT 1 FROM pg_locks WHERE NOT granted`)).length > 0);

  await runs().renew({ trainerId: 'trainer-1', leaseSeconds: 30 });
  await writer.query('COMMIT');

  expect(await expiring).toEqual([]);
  expect((await demo()).state).toBe('running');
  await writer.end();
});

test('loses each attempt once when 10 schedulers look at the same time', async () => {
  await claim(spec.database);
  await age(40);

  const answers = await Promise.all(Array.from({ length: 10 }, () => runs().expireLeases()));

  expect(answers.flat()).toEqual(['demo-0']);
  expect((await demo()).restarts).toBe(1);
});

test('fails a run that was lost more often than it may begin again', async () => {
  for (const attempt of [1, 2, 3]) {
    await claim(spec.database, attempt);
    await age(40);
    await runs().expireLeases();
  }

  const { state, restarts, failure, endedAt } = await demo();
  expect({ state, restarts }).toEqual({ state: 'failed', restarts: 2 });
  expect(failure).toMatchObject({
    class: 'badDevice',
    remedy: expect.stringContaining('trainer-1') as string,
  });
  expect(endedAt).not.toBeNull();
});

test('does not count pauses and releases as restarts', async () => {
  for (const attempt of [1, 2, 3, 4, 5]) {
    await claim(spec.database, attempt);
    await runs().release({ runId: 'demo-0', attempt, state: 'released', reason: 'drain' });
  }

  expect(await demo()).toMatchObject({ state: 'queued', restarts: 0, attempt: 5 });
});

test.each([
  ['pause', 'paused'],
  ['cancel', 'cancelled'],
] as const)('a lost attempt that was asked to %s leaves the run %s', async (command, state) => {
  await claim(spec.database);
  await runs().setCommand('demo-0', command);
  await age(40);

  await runs().expireLeases();

  expect((await demo()).state).toBe(state);
});

test('takes back the attempts of a trainer that starts anew, and nobody else’s', async () => {
  await claim(spec.database);
  await claim(spec.database, 1, { runId: 'demo-1', trainerId: 'trainer-2' });

  const lost = await runs().markTrainerAttemptsLost('trainer-1');

  expect(lost).toEqual(['demo-0']);
  expect((await runs().find('demo-1'))!.state).toBe('running');
  expect((await demo()).attempts[0]!.reason).toBe('trainer trainer-1 started anew');
});

test('tells a trainer with its renewal what people asked', async () => {
  await claim(spec.database);
  await claim(spec.database, 1, { runId: 'demo-1' });
  await runs().setCommand('demo-1', 'pause');

  const leases = await runs().renew({ trainerId: 'trainer-1', leaseSeconds: 30 });

  expect(leases.sort((a, b) => (a.runId < b.runId ? -1 : 1))).toEqual([
    { runId: 'demo-0', attempt: 1, command: 'continue' },
    { runId: 'demo-1', attempt: 1, command: 'pause' },
  ]);
});

test('pauses and cancels what waits at once, and resumes it', async () => {
  expect(await runs().setCommand('demo-0', 'pause')).toMatchObject({ state: 'paused' });
  expect(await runs().setCommand('demo-0', 'pause')).toMatchObject({ state: 'paused' });
  expect(await claim(spec.database)).toBeNull();
  expect(await runs().requeue('demo-0')).toMatchObject({ state: 'queued' });
  expect(await runs().setCommand('demo-0', 'cancel')).toMatchObject({ state: 'cancelled' });
  expect((await demo()).endedAt).not.toBeNull();
  expect(await runs().setCommand('demo-0', 'continue')).toMatchObject({ state: 'queued', endedAt: null });
});

test('takes back a pause that has not happened yet, but not a cancellation by a pause', async () => {
  await claim(spec.database);

  expect((await runs().setCommand('demo-0', 'pause')).note).toBe('pausing');
  expect((await runs().requeue('demo-0')).note).toBeNull();
  expect((await runs().setCommand('demo-0', 'cancel')).note).toBe('cancelling');
  await expect(runs().setCommand('demo-0', 'pause')).rejects.toMatchObject({
    code: 'not_possible',
    message: 'Run demo-0 is being cancelled, so it cannot be paused.',
  });
});

test.each(['pause', 'cancel', 'continue'] as const)(
  'refuses to %s a completed run and says what is possible',
  async (command) => {
    await spec.sql(`UPDATE runs SET state = 'completed' WHERE id = 'demo-0'`);

    await expect(runs().setCommand('demo-0', command)).rejects.toMatchObject({
      code: 'not_possible',
      status: 409,
      remedy: 'It can be reproduced.',
    });
    await expect(runs().setCommand('nothing', command)).rejects.toMatchObject({
      code: 'run_not_found',
      status: 404,
    });
  },
);

test('gives a failed run all its restarts back when a person resumes it', async () => {
  for (const attempt of [1, 2, 3]) {
    await claim(spec.database, attempt);
    await apply(spec.database, attempt, [...points(1, 1, 5), checkpoint(6, 5)]);
    await runs().release({ runId: 'demo-0', attempt, state: 'lost', reason: 'test' });
  }
  expect((await demo()).state).toBe('failed');

  expect(await runs().requeue('demo-0')).toMatchObject({
    state: 'queued',
    restarts: 0,
    failure: null,
    endedAt: null,
  });
  expect((await claim(spec.database, 4))!.resume!.step).toBe(5);
});

test('says why a run waits, and when its trainer is silent', async () => {
  const note = async (id = 'demo-0') => (await runs().find(id))!.note;
  const register = (engine: 'native' | 'cuda') =>
    spec.database.trainers.register({
      id: `trainer-${engine}`,
      host: 'h',
      pool: 'default',
      slots: 1,
      environment: environment({ engine }),
      engineReason: '',
      memoryBytes: 1,
    });
  expect(await note()).toBe('no trainer is online');
  await register('cuda');
  expect(await note()).toBe('waits for a free slot');
  await claim(spec.database);
  expect(await note()).toBeNull();
  await age(20);
  expect(await note()).toMatch(/^silent for 2\d s$/);
  await runs().release({ runId: 'demo-0', attempt: 1, state: 'lost', reason: 'test' });
  expect(await note()).toBe(
    'waits for a trainer with engine native (tensorflow 2.21.0, a processor, 2 threads)',
  );
  await register('native');
  expect(await note()).toBe('waits for a free slot');
  await spec.database.trainers.setDraining('trainer-cuda', true);
  await spec.database.trainers.leave('trainer-native');
  expect(await note()).toBe('no trainer is online');
  await runs().insertMany([{ ...(await newRun()), pool: 'gpu' }]);
  expect(await note('demo-7')).toBe('no trainer of pool gpu is online');
});

async function newRun() {
  const { recipe } = await demo();
  return { id: 'demo-7', sweepId: null, index: 7, label: 'x', parameters: {}, recipe };
}
