import { createHash } from 'node:crypto';
import {
  type DatasetDetail,
  datasetFiles,
  type DatasetPrior,
  type DatasetVersion,
  maxDatasetFileBytes,
  type Problem,
} from '@chromatune/contracts';
import { npyBytes } from '@chromatune/data';
import { cloneDatabase, startRedis } from '@chromatune/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bringDataset, makeDataset, TestApi } from '../api.fixture.js';

const stops: (() => Promise<unknown>)[] = [];
let api: TestApi;

beforeAll(async () => {
  const database = await cloneDatabase();
  const redis = await startRedis();
  api = await TestApi.start({ databaseUrl: database.url, redisUrl: redis.url });
  stops.push(
    () => api.close(),
    () => redis.stop(),
    () => database.drop(),
  );
});
afterAll(async () => {
  for (const stop of stops) await stop();
});

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('uploading a file', () => {
  const bytes = new TextEncoder().encode('some shard');
  const path = `/dataset-files/${sha256Of(bytes)}`;

  it('stores it once, and HEAD tells its size', async () => {
    expect((await api.fetch(path, { method: 'HEAD' })).status).toBe(404);
    expect((await api.put(path, bytes)).status).toBe(204);
    expect((await api.put(path, bytes)).status).toBe(204);
    const head = await api.fetch(path, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.length)]);
  });

  it('refuses bytes of another digest and keeps nothing of them', async () => {
    const other = `/dataset-files/${'0'.repeat(64)}`;
    const response = await api.put(other, bytes);
    expect([response.status, ((await response.json()) as Problem).code]).toEqual([422, 'digest_mismatch']);
    expect((await api.fetch(other, { method: 'HEAD' })).status).toBe(404);
  });

  it('refuses what is larger than a shard can be', async () => {
    const large = new Uint8Array(maxDatasetFileBytes + 1);
    const response = await api.put(`/dataset-files/${sha256Of(large)}`, large);
    expect([response.status, ((await response.json()) as Problem).code]).toEqual([
      413,
      'dataset_file_too_large',
    ]);
  });

  it('refuses an address that is no digest', async () => {
    expect((await api.put('/dataset-files/abc', bytes)).status).toBe(400);
  });
});

describe('registering a dataset version', () => {
  it('names every file that is not uploaded', async () => {
    const { manifest, contents } = makeDataset('incomplete');
    const [first, ...rest] = datasetFiles(manifest);
    await api.put(`/dataset-files/${first!.sha256}`, contents.get(first!.sha256)!);
    const { status, body } = await api.post<Problem>('/datasets', manifest);
    expect([status, body.code]).toEqual([409, 'dataset_files_missing']);
    expect(body.fields?.map(({ path }) => path)).toEqual(rest.map(({ sha256 }) => sha256));
  });

  it('refuses a manifest whose counts contradict its shards', async () => {
    const { manifest } = makeDataset('wrong-counts');
    const { status, body } = await api.post<Problem>('/datasets', {
      ...manifest,
      images: { ...manifest.images, train: 33 },
    });
    expect([status, body.code]).toEqual([400, 'invalid_manifest']);
    expect(body.title).toContain('32');
  });

  it('refuses what is no manifest, naming the fields', async () => {
    const { status, body } = await api.post<Problem>('/datasets', { manifestVersion: 1 });
    expect([status, body.code]).toEqual([400, 'invalid_request']);
    expect(body.fields?.map(({ path }) => path)).toContain('shards');
  });

  it('twice gives the same version once', async () => {
    const { manifest, contents } = makeDataset('twice');
    for (const [sha256, bytes] of contents) await api.put(`/dataset-files/${sha256}`, bytes);
    const first = await api.post<DatasetVersion>('/datasets', manifest);
    const second = await api.post<DatasetVersion>('/datasets', manifest);
    expect(first.status).toBe(201);
    expect(second.body).toEqual(first.body);
    expect((await api.get<{ versions: unknown[] }>('/datasets/twice')).versions).toHaveLength(1);
    const detail = await api.get<DatasetDetail>(`/dataset-versions/${first.body.digest}`);
    expect(detail.manifest).toEqual(manifest);
  });
});

describe('looking at datasets', () => {
  it('an unknown one is answered with the names that exist', async () => {
    await bringDataset(api, 'known-photos');
    const problem = await api.get<Problem>('/datasets/unknown-photos');
    expect(problem).toMatchObject({ code: 'dataset_not_found', status: 404 });
    expect(problem.remedy).toContain('known-photos');
  });

  describe('its prior', () => {
    const path = ({ digest }: DatasetVersion, query = '') => `/dataset-versions/${digest}/prior${query}`;
    let version: DatasetVersion;
    beforeAll(async () => {
      const counts = new Float64Array(65_536);
      for (const [a, b, count] of [
        [0, 0, 3],
        [4, -4, 2],
        [30, 21, 5],
      ] as const) {
        counts[(a + 128) * 256 + b + 128] = count;
      }
      version = await bringDataset(api, 'counted', npyBytes('f8', [256, 256], counts));
    });

    it('is told over the bins that are asked for', async () => {
      const grey = { a: 0, b: 0, share: 0.5 };
      expect(await api.get<DatasetPrior>(path(version))).toEqual({
        binSet: 'gamut',
        binGridSize: 10,
        count: 261,
        bins: [grey, { a: 30, b: 20, share: 0.5 }],
        entropy: Math.LN2,
      });
      expect(await api.get<DatasetPrior>(path(version, '?binSet=corner'))).toMatchObject({
        count: 625,
        bins: [
          { a: -3, b: -3, share: 0.3 },
          { a: 7, b: -3, share: 0.2 },
          { a: 27, b: 17, share: 0.5 },
        ],
      });
    });

    it.each([
      ['?binSet=zhang-313&binGridSize=12', 'binGridSize', 'grid size of 10 alone'],
      ['?binGridSize=4', 'binGridSize', '>=5'],
      ['?binSet=round', 'binSet', 'gamut'],
    ])('refuses %s, and says why', async (query, field, why) => {
      const problem = await api.get<Problem>(path(version, query));
      expect(problem).toMatchObject({ status: 400, fields: [{ path: field }] });
      expect(problem.fields![0]!.message).toContain(why);
    });

    it('is missed in a version of old, with a remedy', async () => {
      const problem = await api.get<Problem>(path(await bringDataset(api, 'of-old')));
      expect(problem).toMatchObject({ status: 404, code: 'no_prior_stored' });
      expect(problem.remedy).toContain('Import the data again');
    });

    it('is called damaged when its file holds something else', async () => {
      const damaged = await bringDataset(api, 'damaged', npyBytes('f8', [2, 2], new Float64Array(4)));
      expect(await api.get<Problem>(path(damaged))).toMatchObject({ status: 422, code: 'corrupt_shard' });
    });
  });

  it('pictures are immutable, and not sent again to who has them', async () => {
    const { digest } = await bringDataset(api, 'pictured');
    const path = `/dataset-versions/${digest}/pictures/validation.png`;
    const picture = await api.fetch(path);
    expect(picture.status).toBe(200);
    expect(picture.headers.get('content-type')).toBe('image/png');
    expect(picture.headers.get('cache-control')).toContain('immutable');
    expect((await picture.arrayBuffer()).byteLength).toBe(64);
    const again = await api.fetch(path, { headers: { 'if-none-match': picture.headers.get('etag')! } });
    expect(again.status).toBe(304);
    expect((await api.fetch(`/dataset-versions/${digest}/pictures/other.png`)).status).toBe(400);
  });
});
