import { type Change } from '@chromatune/contracts';
import { cloneDatabase } from '@chromatune/test-support';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { clear, contents, useDatabase } from '../spec-database.js';
import {
  apply,
  checkpoint,
  claim,
  finished,
  insertSweep,
  measure,
  points,
  sample,
} from '../spec-fixtures.js';
import { type AppliedEvent } from './apply-events.js';

const spec = useDatabase(cloneDatabase);
const reportsOf = (attempt: number) => spec.database.runs.reportsOf({ runId: 'demo-0', attempt });
const releaseAs = (state: 'lost' | 'released') =>
  spec.database.runs.release({ runId: 'demo-0', attempt: 1, state, reason: 'test' });
const stepsStored = async () => (await spec.database.points.ofRun('demo-0')).map(({ step }) => step);
const countTransactions = () => vi.spyOn(spec.database['session'], 'transaction');

beforeEach(async () => {
  vi.restoreAllMocks();
  await clear(spec);
  await insertSweep(spec.database);
});

const started: AppliedEvent = {
  type: 'started',
  seq: 1,
  fromStep: 0,
  totalSteps: 400,
  parameters: 10,
  microBatch: 16,
};
const batches: AppliedEvent[][] = [
  [started],
  points(2, 1, 3),
  [...points(5, 4, 4), measure(6, 'validation/abRmse', 4, 'NaN')],
  [measure(7, 'validation/abRmse', 4, 15), measure(8, 'validation/psnr', 4, 'Infinity')],
  [sample(9, 1), checkpoint(10, 4, 15)],
  points(11, 5, 7),
  [...points(14, 8, 8), measure(15, 'validation/abRmse', 8, 14), measure(16, 'validation/psnr', 8, 21)],
];

/** Of the run, for each; of the points in five; and of the sample. */
const newsOfBatches = batches.length + 5 + 1;

/** What the batches make of the database, written by `write`, and what is announced. */
async function outcomeOf(write: (events: AppliedEvent[]) => Promise<unknown>) {
  await clear(spec);
  await insertSweep(spec.database);
  await claim(spec.database);
  const news: Change[] = [];
  const stop = await spec.database.listen(
    (change) => news.push(change),
    () => undefined,
  );
  for (const events of batches) await write(events);
  await vi.waitFor(() => expect(news).toHaveLength(newsOfBatches));
  await stop();
  return {
    news,
    run: await spec.sql(`SELECT step, epoch, latest, best, total_steps FROM runs`),
    attempt: await spec.sql(`SELECT last_seq FROM attempts`),
    points: await spec.database.points.ofRun('demo-0'),
    samples: await spec.sql(`SELECT * FROM samples`),
    checkpoints: await spec.sql(`SELECT * FROM checkpoints`),
  };
}

describe('reports of one attempt', () => {
  test('leave what the same batches leave, each in a transaction of its own', async () => {
    const apart = await outcomeOf((events) => apply(spec.database, 1, events));
    const transactions = countTransactions();
    const reports = reportsOf(1);

    const together = await outcomeOf((events) => reports.apply(events));

    expect(together).toEqual(apart);
    const ofReports = transactions.mock.calls.length - 3; // datasets, sweep and runs, and the claim
    expect(ofReports).toBeLessThan(batches.length);
  });

  test('of points take no transaction once it is known how the attempt was left', async () => {
    await claim(spec.database);
    const reports = reportsOf(1);
    await reports.apply([started]);
    const transactions = countTransactions();

    await reports.apply(points(2, 1, 3));
    await reports.apply(points(5, 4, 6));

    expect(transactions).not.toHaveBeenCalled();
    expect(await stepsStored()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('that come again, or partly, are written once', async () => {
    await claim(spec.database);
    const reports = reportsOf(1);
    await reports.apply(points(1, 1, 3));

    expect(await reports.apply(points(1, 1, 3))).toBe('applied');
    expect(await reports.apply(points(2, 2, 6))).toBe('applied');
    expect(await reports.apply([])).toBe('applied');

    expect(await stepsStored()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('see what somebody else has written for the attempt meanwhile', async () => {
    await claim(spec.database);
    const reports = reportsOf(1);
    await reports.apply(points(1, 1, 3));
    await apply(spec.database, 1, points(4, 4, 5));

    await expect(reports.apply(points(7, 7, 8))).rejects.toMatchObject({ code: 'events_missing' });
    expect(await reports.apply(points(4, 4, 8))).toBe('applied');

    expect(await stepsStored()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test.each(['lost', 'released'] as const)(
    'are fenced after it was %s, and change nothing',
    async (state) => {
      await claim(spec.database);
      const reports = reportsOf(1);
      await reports.apply(points(1, 1, 3));
      await releaseAs(state);
      const whileQueued = await contents(spec);

      expect(await reports.apply(points(4, 4, 5))).toBe('fenced');
      expect(await contents(spec)).toBe(whileQueued);

      await claim(spec.database, 2, { trainerId: 'trainer-2' });
      const before = await contents(spec);
      expect(await reports.apply(points(4, 4, 5))).toBe('fenced');
      expect(await contents(spec)).toBe(before);
    },
  );

  test('that meet the loss of the attempt are written whole before it, or not at all', async () => {
    for (let round = 1; round <= 20; round++) {
      const attempt = round;
      await claim(spec.database, attempt);
      const reports = reportsOf(attempt);
      await reports.apply(points(1, 1, 2));
      const [answer] = await Promise.all([
        reports.apply(points(3, 3, 40)),
        spec.database.runs.release({ runId: 'demo-0', attempt, state: 'released', reason: 'race' }),
      ]);
      const written = (await spec.database.points.ofRun('demo-0')).filter((one) => one.attempt === attempt);
      expect(written).toHaveLength(answer === 'applied' ? 40 : 2);
    }
  });

  test('of an ended attempt are fenced', async () => {
    await claim(spec.database);
    const reports = reportsOf(1);
    await reports.apply([...points(1, 1, 3), finished(4)]);

    expect(await reports.apply(points(5, 4, 4))).toBe('fenced');
    expect(await stepsStored()).toEqual([1, 2, 3]);
  });
});
