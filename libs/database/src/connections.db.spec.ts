import { setTimeout as sleep } from 'node:timers/promises';
import { type Change } from '@chromatune/contracts';
import { cloneDatabase, startOwnPostgres } from '@chromatune/test-support';
import { beforeEach, expect, test, vi } from 'vitest';
import { openDatabase } from './database.js';
import { clear, useDatabase } from './spec-database.js';
import { apply, claim, insertSweep, points } from './spec-fixtures.js';

const spec = useDatabase(cloneDatabase);
const terminate = (applicationName: string) =>
  spec.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE $1`,
    [applicationName],
  );
beforeEach(() => clear(spec));

test('lets one process lead, and the next when it lets go', async () => {
  const other = await openDatabase(spec.url);
  const first = (await spec.database.tryLeadership('scheduler'))!;

  expect(first.isHeld()).toBe(true);
  expect(await other.tryLeadership('scheduler')).toBeNull();
  const elsewhere = (await other.tryLeadership('other work'))!;
  expect(elsewhere.isHeld()).toBe(true);
  await first.release();
  await first.lost;

  expect(first.isHeld()).toBe(false);
  const second = (await other.tryLeadership('scheduler'))!;
  expect(second.isHeld()).toBe(true);
  await Promise.all([second.release(), elsewhere.release(), other.close()]);
});

test('moves the leadership when the connection of its holder breaks, and tells the holder', async () => {
  const first = (await spec.database.tryLeadership('scheduler'))!;

  await terminate('chromatune leader%');
  await first.lost;

  expect(first.isHeld()).toBe(false);
  const second = (await vi.waitUntil(() => spec.database.tryLeadership('scheduler'), { timeout: 5000 }))!;
  expect(second.isHeld()).toBe(true);
  await second.release();
});

test('lets no two of many processes lead at once', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => spec.database.tryLeadership('scheduler')),
  );

  expect(answers.filter((answer) => answer !== null)).toHaveLength(1);
  await Promise.all(answers.map((answer) => answer?.release()));
});

test('tells other processes what changed, once it is committed', async () => {
  const other = await openDatabase(spec.url);
  const changes: Change[] = [];
  const stop = await other.listen(
    (change) => changes.push(change),
    () => undefined,
  );

  await insertSweep(spec.database);
  await claim(spec.database);
  await apply(spec.database, 1, points(1, 1, 5));
  await spec.database.runs.setCommand('demo-0', 'pause');

  const command: Change = { type: 'command', runId: 'demo-0', trainerId: 'trainer-1' };
  await vi.waitFor(() => expect(changes).toContainEqual(command));
  expect(changes).toContainEqual({ type: 'datasets' });
  expect(changes).toContainEqual({ type: 'sweep', sweepId: 'demo' });
  expect(changes).toContainEqual({ type: 'run', runId: 'demo-0', sweepId: 'demo' });
  expect(changes).toContainEqual({ type: 'points', runId: 'demo-0', attempt: 1, lastSeq: 5 });
  const before = changes.length;
  await expect(apply(spec.database, 1, points(9, 9, 9))).rejects.toThrow('event 9');
  await sleep(100);
  expect(changes).toHaveLength(before);
  await stop();
  await other.close();
});

test('listens again when its connection breaks, and says that it may have missed something', async () => {
  const changes: Change[] = [];
  let reconnects = 0;
  const stop = await spec.database.listen(
    (change) => changes.push(change),
    () => reconnects++,
  );

  await terminate('chromatune listener');
  await vi.waitUntil(() => reconnects === 1, { timeout: 5000 });
  await insertSweep(spec.database);

  await vi.waitFor(() => expect(changes).toContainEqual({ type: 'sweep', sweepId: 'demo' }));
  await stop();
  const before = changes.length;
  await spec.database.runs.setCommand('demo-0', 'pause');
  await sleep(100);
  expect(changes).toHaveLength(before);
});

test('works with two pools on two databases at once', async () => {
  const clone = await cloneDatabase();
  const other = await openDatabase(clone.url);
  await insertSweep(spec.database);
  await insertSweep(other);

  await Promise.all([claim(spec.database), claim(other)]);
  await Promise.all([apply(spec.database, 1, points(1, 1, 10)), apply(other, 1, points(1, 1, 20))]);

  expect(await spec.database.points.ofRun('demo-0')).toHaveLength(10);
  expect(await other.points.ofRun('demo-0')).toHaveLength(20);
  await other.close();
  await clone.drop();
});

test('gives a clear error while PostgreSQL is killed and away, and works on when it is back', async () => {
  const first = await startOwnPostgres();
  const database = await openDatabase(first.url);
  await database.migrate();
  await insertSweep(database);
  await claim(database);
  await apply(database, 1, points(1, 1, 100));
  let reconnects = 0;
  const stop = await database.listen(
    () => undefined,
    () => reconnects++,
  );

  const batches = Array.from({ length: 20 }, (_, index) =>
    apply(database, 1, points(101 + index * 5000, 101, 5100)),
  );
  const busy = Promise.allSettled(batches);
  await Promise.any(batches); // the others are under way
  process.kill(first.pid, 'SIGKILL');
  const answers = await busy;
  const unavailable = { code: 'database_unavailable', status: 503, remedy: expect.any(String) as string };
  // A server process outlives the killed postmaster until it next waits for its client.
  await vi.waitFor(() => expect(database.ping()).rejects.toMatchObject(unavailable), { timeout: 10_000 });
  const second = await first.startAgain();

  expect(codes(answers)).not.toEqual([]);
  for (const code of codes(answers)) expect(['database_unavailable', 'events_missing']).toContain(code);
  await vi.waitUntil(
    () =>
      database.ping().then(
        () => true,
        () => false,
      ),
    { timeout: 10_000 },
  );
  await vi.waitUntil(() => reconnects === 1, { timeout: 10_000 });
  const { length: kept } = await database.points.ofRun('demo-0', { limit: 100_000 });
  expect((kept - 100) % 5000).toBe(0); // whole batches or nothing
  expect(await apply(database, 1, points(kept + 1, 101, 200))).toBe('applied');
  await stop();
  await database.close();
  await second.stop();
});

const codes = (answers: PromiseSettledResult<unknown>[]) =>
  answers.flatMap((answer) =>
    answer.status === 'rejected' ? [(answer.reason as { code?: string }).code ?? String(answer.reason)] : [],
  );
