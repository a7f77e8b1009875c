import type { Curve } from '@chromatune/contracts';
import { describe, expect, it } from 'vitest';
import type { CurvesRequest } from './client.js';
import { createCurveBatcher } from './curve-batcher.js';

describe('createCurveBatcher', () => {
  it('asks once for all curves that are wanted in the same moment', async () => {
    const { batcher, requests } = recording();

    const curves = await Promise.all([
      batcher({ runId: 'a', metric: 'train/loss', buckets: 10, range: null }),
      batcher({ runId: 'b', metric: 'train/loss', buckets: 10, range: null }),
      batcher({ runId: 'b', metric: 'validation/loss', buckets: 10, range: null }),
    ]);

    expect(requests).toEqual([
      { runs: ['a', 'b'], metrics: ['train/loss', 'validation/loss'], buckets: 10, range: null },
    ]);
    expect(curves.map((curve) => `${curve?.runId} ${curve?.metric}`)).toEqual([
      'a train/loss',
      'b train/loss',
      'b validation/loss',
    ]);
  });

  it('asks apart for other ranges', async () => {
    const { batcher, requests } = recording();

    await Promise.all([
      batcher({ runId: 'a', metric: 'train/loss', buckets: 10, range: null }),
      batcher({ runId: 'a', metric: 'train/loss', buckets: 10, range: { from: 1, to: 5 } }),
    ]);

    expect(requests.map(({ range }) => range)).toEqual([null, { from: 1, to: 5 }]);
  });

  it('asks for many runs in parts', async () => {
    const { batcher, requests } = recording();

    await Promise.all(
      Array.from({ length: 120 }, (_, index) =>
        batcher({ runId: `r${index}`, metric: 'train/loss', buckets: 10, range: null }),
      ),
    );

    expect(requests.map(({ runs }) => runs.length)).toEqual([50, 50, 20]);
  });

  it('answers null for a curve that the API does not know', async () => {
    const batcher = createCurveBatcher(() => Promise.resolve([]));

    expect(await batcher({ runId: 'a', metric: 'train/loss', buckets: 10, range: null })).toBeNull();
  });

  it('passes an error to everyone who waits', async () => {
    const batcher = createCurveBatcher(() => Promise.reject(new Error('away')));
    const one = batcher({ runId: 'a', metric: 'train/loss', buckets: 10, range: null });
    const two = batcher({ runId: 'b', metric: 'train/loss', buckets: 10, range: null });

    await expect(one).rejects.toThrow('away');
    await expect(two).rejects.toThrow('away');
  });
});

function recording() {
  const requests: CurvesRequest[] = [];
  const batcher = createCurveBatcher((request) => {
    requests.push(request);
    return Promise.resolve(
      request.runs.flatMap((runId) =>
        request.metrics.map((metric): Curve => ({
          runId,
          metric,
          buckets: [],
          superseded: [],
          exact: true,
          cursor: { attempt: 1, seq: 0 },
        })),
      ),
    );
  });
  return { batcher, requests };
}
