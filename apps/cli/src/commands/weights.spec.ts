import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { NewWeights, Weights } from '@chromatune/contracts';
import { encodeSafetensors, networkVariables } from '@chromatune/data';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FakeAnswer, FakeApi, type FakeRequest } from '../fake-api.fixture.js';
import { runCommand } from '../run-command.fixture.js';

let folder: string;
let file: string;
let api: FakeApi | undefined;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cli-weights-'));
  file = path.join(folder, 'ResNet18 (ImageNet).safetensors');
  await writeFile(file, resnet18File());
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => api?.stop());

describe('an import of weights', () => {
  it('sends the canonical file by its digest, then makes it known', async () => {
    const { code, stdout } = await run(['weights', 'import', file], fakeStore([]));

    const [, put, post] = api!.requests;
    const digest = createHash('sha256').update(put!.body).digest('hex');
    expect(api!.asked()).toEqual([
      'GET /api/weights',
      `PUT /api/weights/${digest}/file`,
      'POST /api/weights',
    ]);
    expect(JSON.parse(post!.body.toString())).toEqual({
      digest,
      name: 'resnet18-imagenet',
      source: 'ResNet18 (ImageNet).safetensors',
    });
    expect(code).toBe(0);
    expect(stdout).toContain('Left out, as no part of the network: fc.bias.');
    expect(stdout).toContain(`  encoder: resnet18\n  weights: ${digest}`);
  });

  it('sends nothing again that is known', async () => {
    const first = await run(['weights', 'import', file, '--name', 'imagenet', '--json'], fakeStore([]));
    const stored = JSON.parse(first.stdout) as Weights;

    const { stdout } = await run(['weights', 'import', file], fakeStore([stored]));

    expect(api!.asked()).toEqual(['GET /api/weights', 'POST /api/weights']);
    expect(stdout).toContain('Known already, as imagenet.');
  });

  it('goes on after a connection broke', async () => {
    let broken = false;
    const store = fakeStore([]);
    const { code } = await run(['weights', 'import', file], (request) => {
      if (request.method === 'PUT' && !broken) return ((broken = true), null);
      return store(request);
    });

    expect([code, broken]).toEqual([0, true]);
  });

  it('is stopped by Ctrl-C before it is made known', async () => {
    const store = fakeStore([]);

    const { code, stderr } = await run(['weights', 'import', file], (request) => {
      if (request.method === 'PUT') process.emit('SIGINT');
      return store(request);
    });

    expect(code).toBe(130);
    expect(stderr).toMatch(/Stopped\. Nothing was imported\.\n$/);
    expect(api!.asked().filter((asked) => asked.startsWith('POST'))).toEqual([]);
  });

  it('of what holds no weights fails before anything is sent', async () => {
    const picture = path.join(folder, 'photo.png');
    await writeFile(picture, 'no weights');

    const { code, stderr } = await run(['weights', 'import', picture], fakeStore([]));

    expect(code).toBe(1);
    expect(stderr).toContain('photo.png: it is no PyTorch file, no safetensors and no npz.');
    expect(api!.asked()).toEqual(['GET /api/weights']);
  });
});

describe('imported weights', () => {
  const known = [weightsOf('a1'), weightsOf('b2', 'mine'), weightsOf('b3', 'mine')];

  it('are listed', async () => {
    const { stdout } = await run(['weights', 'list'], fakeStore(known));

    expect(stdout).toMatch(/^WEIGHTS +DIGEST +NETWORK +SIZE +FROM +AGE\n/);
    expect(stdout).toMatch(/imagenet +a1a1a1a1a1a1 +resnet18 +42\.7 MiB +resnet18\.pth/);
  });

  it('are shown by the beginning of their digest or by their name', async () => {
    const byDigest = await run(['weights', 'show', 'a1a1'], fakeStore(known));
    const byName = await run(['weights', 'show', 'imagenet'], fakeStore(known));

    expect(byDigest.stdout).toContain('a1'.repeat(32));
    expect(byName.stdout).toBe(byDigest.stdout);
  });

  it('of LPIPS are shown as a sweep file names them', async () => {
    const lpips: Weights = { ...weightsOf('e5', 'perceptual'), network: 'lpips-alex' };

    const { stdout } = await run(['weights', 'show', 'perceptual'], fakeStore([lpips]));

    expect(stdout).toContain(`training:\n  lpips: ${lpips.digest}`);
  });

  it.each([
    ['mine', 'mine fits 2 files of weights.', 'Name one of: b2b2b2b2b2b2 (mine), b3b3b3b3b3b3 (mine).'],
    ['c4', 'There are no weights c4.', 'Name one of: a1a1a1a1a1a1 (imagenet)'],
  ])('called %s are not guessed', async (which, message, remedy) => {
    const { code, stderr } = await run(['weights', 'show', which], fakeStore(known));

    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).toContain(remedy);
  });

  it('that do not exist yet are announced by how to import them', async () => {
    const { stdout } = await run(['weights', 'list'], fakeStore([]));

    expect(stdout).toContain('npx chromatune weights import');
  });
});

function weightsOf(pair: string, name = 'imagenet'): Weights {
  const createdAt = new Date().toISOString();
  return {
    digest: pair.repeat(32),
    name,
    network: 'resnet18',
    tensors: 100,
    bytes: 44_754_248,
    source: 'resnet18.pth',
    createdAt,
  };
}

/** Takes uploads, and answers what is registered with the name that came first. */
function fakeStore(known: Weights[]): (request: FakeRequest) => FakeAnswer {
  return ({ method, body }) => {
    if (method === 'GET') return { json: known };
    if (method === 'PUT') return { status: 204 };
    const request = JSON.parse(body.toString()) as NewWeights;
    const stored = known.find(({ digest }) => digest === request.digest);
    return { status: 201, json: stored ?? { ...weightsOf('00'), ...request } };
  };
}

/** torchvision's ResNet-18 as a safetensors file, all zeros, with a tensor of its classifier. */
function resnet18File(): Uint8Array {
  const tensors = networkVariables('resnet18').map(({ name, shape }) => ({
    name: name.replace('encoder/', '').replaceAll('/', '.'),
    shape: shape.length === 4 ? [shape[3]!, shape[2]!, shape[0]!, shape[1]!] : shape,
    data: new Float32Array(shape.reduce((product, side) => product * side, 1)),
  }));
  return encodeSafetensors([...tensors, { name: 'fc.bias', shape: [1], data: Float32Array.of(1) }]);
}

async function run(argv: string[], answer: (request: FakeRequest) => FakeAnswer | null) {
  await api?.stop();
  api = await FakeApi.start(answer);
  return runCommand(argv, { apiUrl: api.url, folder });
}
