import { type Curve, type CurveBucket, fromMeasured, type StoredPoint } from '@chromatune/contracts';
import { cloneDatabase } from '@chromatune/test-support';
import { beforeAll, expect, test } from 'vitest';
import { useDatabase } from '../spec-database.js';
import { apply, checkpoint, claim, insertSweep, measure, point } from '../spec-fixtures.js';

const spec = useDatabase(cloneDatabase);
const steps = 50_000;
let stored: StoredPoint[];

/** Attempt 1 runs to the end; attempt 2 runs the second half again. Some values are NaN or infinite. */
beforeAll(async () => {
  await insertSweep(spec.database, 2);
  await claim(spec.database);
  const random = numbers(11);
  const value = () => {
    const r = random();
    if (r < 0.01) return (['NaN', 'Infinity', '-Infinity'] as const)[Math.floor(random() * 3)]!;
    return Math.exp(6 * random() - 3) * (random() < 0.5 ? -1 : 1);
  };
  const all = Array.from({ length: steps }, (_, index) => point(index + 1, index + 1, value()));
  await apply(spec.database, 1, all);
  await apply(spec.database, 1, [checkpoint(steps + 1, steps / 2)]);
  await spec.database.runs.release({ runId: 'demo-0', attempt: 1, state: 'lost', reason: 'test' });
  await claim(spec.database, 2);
  const again = Array.from({ length: steps / 2 }, (_, index) =>
    point(index + 1, steps / 2 + index + 1, value()),
  );
  await apply(spec.database, 2, [...again, measure(steps / 2 + 1, 'validation/abRmse', steps, 10)]);
  stored = await spec.database.points.ofRun('demo-0', { metric: 'train/loss', limit: 100_000 });
});

test.each([
  ['the whole curve', 1000, {}],
  ['few buckets', 7, {}],
  ['one bucket', 1, {}],
  ['a stretch across the seam of two attempts', 500, { fromStep: 20_001, toStep: 30_333 }],
  ['more buckets than steps but fewer than points', 30_000, { fromStep: 24_000, toStep: 26_000 }],
])('gives the exact extremes of %s, as a brute force does', async (_, buckets, range) => {
  const [curve] = await spec.database.points.curves({
    runIds: ['demo-0'],
    metrics: ['train/loss'],
    buckets,
    ...range,
  });

  const inRange = stored.filter(
    ({ step }) =>
      step >= ((range as { fromStep?: number }).fromStep ?? 0) &&
      step <= ((range as { toStep?: number }).toStep ?? 1e9),
  );
  expectCovers(
    curve!.buckets,
    inRange.filter(({ superseded }) => !superseded),
    buckets,
  );
  expectCovers(
    curve!.superseded,
    inRange.filter(({ superseded }) => superseded),
    buckets,
  );
});

test('gives every point of its own where there are few enough', async () => {
  const request = {
    runIds: ['demo-0'],
    metrics: ['train/loss' as const],
    buckets: 150,
    fromStep: 101,
    toStep: 200,
  };

  const [curve] = await spec.database.points.curves(request);

  expect(curve!.exact).toBe(true);
  expect(curve!.buckets.map(({ stepFrom, first, count }) => [stepFrom, first, count])).toEqual(
    stored
      .filter(({ step, attempt }) => attempt === 1 && step > 100 && step <= 200)
      .map(({ step, value }) => [step, value, 1]),
  );
  expect((await spec.database.points.curves({ ...request, buckets: 99 }))[0]!.exact).toBe(false);
});

test('names the newest point, so that a client knows from where to go on', async () => {
  const [loss, rmse] = await spec.database.points.curves({
    runIds: ['demo-0'],
    metrics: ['train/loss', 'validation/abRmse'],
    buckets: 10,
  });

  expect(loss!.cursor).toEqual({ attempt: 2, seq: steps / 2 });
  expect(rmse!.cursor).toEqual({ attempt: 2, seq: steps / 2 + 1 });
  expect(rmse).toMatchObject({
    exact: true,
    superseded: [],
    buckets: [{ first: 10, min: 10, max: 10, mean: 10 }],
  });
});

test('answers in the order asked, empty curves too', async () => {
  const curves = await spec.database.points.curves({
    runIds: ['demo-1', 'demo-0'],
    metrics: ['validation/psnr', 'train/loss'],
    buckets: 10,
  });

  expect(curves.map(({ runId, metric }) => [runId, metric])).toEqual([
    ['demo-1', 'validation/psnr'],
    ['demo-1', 'train/loss'],
    ['demo-0', 'validation/psnr'],
    ['demo-0', 'train/loss'],
  ]);
  const empty: Partial<Curve> = { buckets: [], superseded: [], exact: true, cursor: { attempt: 0, seq: 0 } };
  expect(curves[0]).toMatchObject(empty);
});

test('reads the points of an attempt after one that is known', async () => {
  const next = await spec.database.points.ofRun('demo-0', { attempt: 2, after: 10, limit: 3 });

  expect(next.map(({ attempt, seq, superseded }) => [attempt, seq, superseded])).toEqual([
    [2, 11, false],
    [2, 12, false],
    [2, 13, false],
  ]);
});

/** Every point lies in exactly one bucket, and every number of each bucket is what a loop over its points gives. */
function expectCovers(buckets: CurveBucket[], points: StoredPoint[], limit: number): void {
  expect(buckets.length).toBeLessThanOrEqual(limit);
  expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(points.length);
  const sorted = [...points].sort((a, b) => a.step - b.step || a.attempt - b.attempt || a.seq - b.seq);
  let from = 0;
  for (const bucket of buckets) {
    const inside = sorted.slice(from, from + bucket.count);
    from += bucket.count;
    const values = inside.map(({ value }) => fromMeasured(value));
    const finite = values.filter(Number.isFinite);
    expect(bucket).toEqual({
      stepFrom: inside[0]!.step,
      stepTo: inside.at(-1)!.step,
      epoch: inside.at(-1)!.epoch,
      at: inside.at(-1)!.at,
      first: inside[0]!.value,
      last: inside.at(-1)!.value,
      min: finite.length ? Math.min(...finite) : null,
      max: finite.length ? Math.max(...finite) : null,
      mean: finite.length
        ? (expect.closeTo(finite.reduce((a, b) => a + b, 0) / finite.length, 9) as number)
        : null,
      count: inside.length,
      nonFinite: values.length - finite.length,
    });
  }
}

/** Numbers from 0 to 1 that are the same in every run of the test (mulberry32). */
function numbers(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
