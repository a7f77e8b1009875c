import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { maxWeightsBytes, type Problem, type Weights, weightsKey } from '@chromatune/contracts';
import { encodeSafetensors } from '@chromatune/data';
import { cloneDatabase, startRedis } from '@chromatune/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWeights, TestApi } from '../api.fixture.js';

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

describe('weights', () => {
  it('are uploaded, made known under a name, and told', async () => {
    const { digest, bytes } = makeWeights('resnet18');
    const request = { digest, name: 'imagenet-resnet18', source: 'resnet18-f37072fd.pth' };
    expect((await api.put(`/weights/${digest}/file`, bytes)).status).toBe(204);

    const { status, body } = await api.post<Weights>('/weights', request);

    expect([status, body]).toEqual([
      201,
      {
        ...request,
        network: 'resnet18',
        tensors: 100,
        bytes: bytes.length,
        createdAt: expect.any(String) as string,
      },
    ]);
    expect(await api.get(`/weights/${digest}`)).toEqual(body);
    expect(await api.get('/weights')).toEqual([body]);
    expect((await api.post<Weights>('/weights', { ...request, name: 'again' })).body).toEqual(body);
    expect(existsSync(join(api.folder, weightsKey(digest)))).toBe(true);
  });

  it('that are not uploaded are not made known', async () => {
    const request = { digest: '1'.repeat(64), name: 'nothing', source: 'nothing.pth' };

    const { status, body } = await api.post<Problem>('/weights', request);

    expect([status, body.code]).toEqual([409, 'weights_not_uploaded']);
  });

  it('that nobody imported are answered with how to import them', async () => {
    const problem = await api.get<Problem>(`/weights/${'2'.repeat(64)}`);

    expect(problem).toMatchObject({ code: 'weights_not_found', status: 404 });
    expect(problem.remedy).toContain('npx chromatune weights import FILE');
    expect((await api.fetch('/weights/abc')).status).toBe(400);
  });
});

describe('an uploaded file', () => {
  const other = new Uint8Array(encodeSafetensors([{ name: 'x', shape: [1], data: Float32Array.of(1) }]));

  it.each<[string, Uint8Array<ArrayBuffer>, number, RegExp]>([
    ['of another content than its digest', Uint8Array.of(1, 2, 3), 422, /have SHA-256/],
    ['that is no safetensors', Uint8Array.of(1, 2, 3, 4), 422, /cannot be read/],
    ['of other tensors', other, 422, /its metadata name no network/],
  ])('%s is refused, and nothing of it kept', async (_name, bytes, status, title) => {
    const digest = bytes.length === 3 ? '3'.repeat(64) : createHash('sha256').update(bytes).digest('hex');

    const response = await api.put(`/weights/${digest}/file`, bytes);

    expect(response.status).toBe(status);
    expect(((await response.json()) as Problem).title).toMatch(title);
    expect(existsSync(join(api.folder, weightsKey(digest)))).toBe(false);
  });

  it('larger than any encoder is refused before any of it is read', async () => {
    const upload = request(`${api.url}/api/weights/${'4'.repeat(64)}/file`, { method: 'PUT' });
    upload.setHeader('content-length', maxWeightsBytes + 1);
    upload.flushHeaders();

    const [response] = (await once(upload, 'response')) as [IncomingMessage];

    expect([response.statusCode, ((await json(response)) as Problem).code]).toEqual([
      413,
      'weights_too_large',
    ]);
    upload.destroy();
  });
});
