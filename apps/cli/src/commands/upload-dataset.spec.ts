import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type DatasetManifest, datasetFiles } from '@chromatune/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiClient } from '../api/api-client.js';
import { type FakeAnswer, FakeApi, type FakeRequest, problemAnswer } from '../fake-api.fixture.js';
import { uploadDataset } from './upload-dataset.js';

let folder: string;
let api: FakeApi;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cli-upload-'));
});
afterEach(async () => {
  await api.stop();
  await rm(folder, { recursive: true });
});

describe('the upload of a dataset', () => {
  it('sends only the files that are missing, then registers the version', async () => {
    const { manifest, files } = await makeDataset();
    const stored = manifest.shards[0]!.l;
    api = await FakeApi.start(fakeStore([stored.sha256]));

    const version = await uploadDataset(new ApiClient(api.url), { manifest, files });

    const puts = api.requests.filter(({ method }) => method === 'PUT');
    const wanted = datasetFiles(manifest).filter(({ sha256 }) => sha256 !== stored.sha256);
    expect(puts.map(({ path: url }) => url.split('/').at(-1)).sort()).toEqual(
      wanted.map(({ sha256 }) => sha256).sort(),
    );
    for (const { path: url, body } of puts) expect(url.endsWith(digestOf(body))).toBe(true);
    expect(api.asked().at(-1)).toBe('POST /api/datasets');
    expect(version.name).toBe('scenes');
  });

  it('tries again when a connection breaks or the store is away for a moment', async () => {
    const { manifest, files } = await makeDataset();
    const answers = [null, problemAnswer(503, 'The object store does not answer.')];
    const store = fakeStore([]);
    api = await FakeApi.start((request) =>
      request.method === 'PUT' && answers.length > 0 ? answers.shift()! : store(request),
    );

    await expect(uploadDataset(new ApiClient(api.url), { manifest, files })).resolves.toBeTruthy();
  });

  it('gives up at once when a file is refused', async () => {
    const { manifest, files } = await makeDataset();
    const store = fakeStore([]);
    api = await FakeApi.start((request) =>
      request.method === 'PUT' ? problemAnswer(422, 'The digest is another one.') : store(request),
    );

    await expect(uploadDataset(new ApiClient(api.url), { manifest, files })).rejects.toThrow(
      'The digest is another one.',
    );
    expect(api.asked()).not.toContain('POST /api/datasets');
  });

  it('stops between two files when it is told to', async () => {
    const { manifest, files } = await makeDataset();
    api = await FakeApi.start(fakeStore([]));
    const signal = AbortSignal.abort();

    await expect(uploadDataset(new ApiClient(api.url), { manifest, files }, { signal })).rejects.toThrow(
      'aborted',
    );
    expect(api.requests).toEqual([]);
  });
});

function fakeStore(known: string[]): (request: FakeRequest) => FakeAnswer {
  return ({ method, path: url, body }) => {
    const sha256 = url.split('/').at(-1)!;
    if (method === 'HEAD')
      return known.includes(sha256) ? { headers: { 'content-length': '5' } } : { status: 404 };
    if (method === 'PUT') return { status: 204 };
    const manifest = JSON.parse(body.toString()) as DatasetManifest;
    const { name, importer, imageSize, images, shards } = manifest;
    const more = {
      digest: 'd'.repeat(64),
      bytes: 1,
      shards: shards.length,
      createdAt: new Date().toISOString(),
    };
    return { status: 201, json: { name, importer, imageSize, images, ...more } };
  };
}

const digestOf = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

async function makeDataset(): Promise<{ manifest: DatasetManifest; files: Map<string, string> }> {
  const files = new Map<string, string>();
  const file = async (name: string) => {
    const content = name.slice(0, 5).padEnd(5, '.');
    files.set(name, path.join(folder, name));
    await writeFile(path.join(folder, name), content);
    return { name, bytes: 5, sha256: digestOf(content) };
  };
  const baseline = { abRmse: 1, psnr: 1 };
  const manifest: DatasetManifest = {
    manifestVersion: 1,
    name: 'scenes',
    importer: 'synthetic',
    options: {},
    imageSize: 32,
    images: { train: 1, validation: 1, test: 1 },
    sources: 3,
    shards: [{ split: 'train', images: 1, l: await file('l.npy'), ab: await file('ab.npy') }],
    previews: { size: 32, images: 1, l: await file('preview-l.npy'), ab: await file('view-ab.npy') },
    pictures: {
      grey: await file('grey.png'),
      truth: await file('truth.png'),
      contactSheets: {
        train: await file('train.png'),
        validation: await file('valid.png'),
        test: await file('test.png'),
      },
    },
    statistics: {
      abHistogram: Array<number>(676).fill(0),
      meanAb: [0, 0],
      meanChroma: 0,
      baselines: { grey: baseline, meanColor: baseline },
      outOfGamutShare: 0,
    },
    skipped: [],
    card: { title: 'Scenes', description: '', credits: [] },
  };
  return { manifest, files };
}
