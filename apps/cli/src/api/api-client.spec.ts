import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type FakeAnswer, FakeApi, type FakeRequest, problemAnswer } from '../fake-api.fixture.js';
import { ApiClient } from './api-client.js';
import { ApiProblem, ApiUnreachable, UnexpectedAnswer } from './api-errors.js';

let api: FakeApi | undefined;
afterEach(() => api?.stop());

async function clientOf(answer: (request: FakeRequest) => FakeAnswer | null): Promise<ApiClient> {
  api = await FakeApi.start(answer);
  return new ApiClient(api.url);
}

it('gives what the API answers, parsed', async () => {
  const client = await clientOf(() => ({ json: { status: 'ok', version: '1', parts: {} } }));

  expect(await client.health()).toEqual({ status: 'ok', version: '1', parts: {} });
});

it('reads health also when a part is down', async () => {
  const parts = { redis: { status: 'down', detail: 'away' } };
  const client = await clientOf(() => ({ status: 503, json: { status: 'degraded', version: '1', parts } }));

  expect((await client.health()).parts).toEqual(parts);
});

it('passes on the reason, the remedy and the places of a problem', async () => {
  const fields = [{ path: 'space.los', message: 'is not a parameter', line: 4, column: 3 }];
  const client = await clientOf(() =>
    problemAnswer(422, 'The spec is not valid.', { remedy: 'Correct it.', fields }),
  );

  const error = await client.launchSweep('name: a').catch((reason: unknown) => reason);

  expect(error).toBeInstanceOf(ApiProblem);
  expect(error).toMatchObject({
    status: 422,
    message: 'The spec is not valid.',
    remedy: 'Correct it.',
    fields,
  });
});

it('says that nothing answers, and how to start it', async () => {
  const client = await clientOf(() => ({}));
  await api?.stop();

  const error = await client.listSweeps().catch((reason: unknown) => reason);

  expect(error).toBeInstanceOf(ApiUnreachable);
  expect(error).toMatchObject({
    message: expect.stringContaining('ECONNREFUSED'),
    remedy: expect.stringContaining('npm start'),
  });
});

it.each<[string, FakeAnswer]>([
  ['a page of another program', { bytes: Buffer.from('<html>') }],
  ['an error without an explanation', { status: 502, bytes: Buffer.from('Bad gateway') }],
  ['an answer of another shape', { json: [{ id: 5 }] }],
])('does not take %s for an answer of Chromatune', async (_what, answer) => {
  const client = await clientOf(() => answer);

  await expect(client.listSweeps()).rejects.toThrow(UnexpectedAnswer);
});

it('knows whether a dataset file is stored, by its size too', async () => {
  const file = { name: 'a.npy', bytes: 5, sha256: 'a'.repeat(64) };
  const answers: FakeAnswer[] = [
    { headers: { 'content-length': '5' } },
    { headers: { 'content-length': '4' } },
    { status: 404 },
  ];
  const client = await clientOf(() => answers.shift() ?? {});

  expect(await client.hasDatasetFile(file)).toBe(true);
  expect(await client.hasDatasetFile(file)).toBe(false);
  expect(await client.hasDatasetFile(file)).toBe(false);
});

it('asks for exactly the id it was given', async () => {
  const client = await clientOf(() => problemAnswer(404, 'There is no run.'));

  await expect(client.getRun('../sweeps')).rejects.toThrow('There is no run.');

  expect(api?.asked()).toEqual(['GET /api/runs/..%2Fsweeps']);
});

it('leaves no file of a download that broke off', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cli-download-'));
  const client = await clientOf(({ path: what }) =>
    what.includes('whole')
      ? { bytes: Buffer.from('a,b') }
      : { bytes: Buffer.from('a,b'), headers: { 'content-length': '100' } },
  );

  await client.downloadPointsCsv('whole', path.join(folder, 'whole.csv'));
  const breaking = client.downloadPointsCsv('half', path.join(folder, 'half.csv'));
  setTimeout(() => void api?.stop(), 100);

  await expect(breaking).rejects.toBeInstanceOf(ApiUnreachable);
  expect(await readFile(path.join(folder, 'whole.csv'), 'utf8')).toBe('a,b');
  expect(await readdir(folder)).toEqual(['whole.csv']);
  await rm(folder, { recursive: true });
});
