import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {
  plainAdam,
  plainModel,
  plainRegression,
  plainTraining,
  type Recipe,
  type RunDetail,
} from '@chromatune/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FakeAnswer, FakeApi, problemAnswer } from '../fake-api.fixture.js';
import { runCommand } from '../run-command.fixture.js';

let folder: string;
let api: FakeApi | undefined;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cli-model-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => api?.stop());

describe('model describe', () => {
  it('prints layers and totals of a sweep’s network, without asking anyone', async () => {
    const file = await specFile('model: { encoder: resnet34, imageSize: 224 }\ntraining: { batchSize: 8 }\n');
    const { code, stdout } = await run(['model', 'describe', file]);

    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe('resnet34 to conv4, regression, 224 px  1 run');
    expect(stdout).toMatch(/^LAYER +KIND +OUTPUT +PARAMETERS +MULTIPLY-ADDS +ACTIVATIONS$/m);
    expect(stdout).toMatch(/^encoder\/conv1 +convolution +112 × 112 × 64 +3,136 +39\.34 M +3\.1 MiB$/m);
    expect(stdout).toMatch(/^decoder\/upsample\/3 +nearest upsampling +224 × 224 × 2 +392 KiB$/m);
    expect(stdout).not.toContain('encoder/relu');
    expect(stdout).toMatch(/^parameters +8,552,354$/m);
    expect(stdout).toMatch(/^multiply-adds +3\.123 G forward$/m);
    expect(stdout).toMatch(/^activations +37\.4 MiB an image, 299 MiB a batch of 8$/m);
    expect(stdout).toMatch(/^memory +about 1\.0 GB for a training process at batch 8$/m);
    expect(api!.requests).toEqual([]);
  });

  it('forecasts the memory as the API and the examples do, once for each batch', async () => {
    const file = await specFile(
      'model: { encoder: resnet152, imageSize: 224 }\nspace: { batchSize: [128, 8], learningRate: [1.0e-4, 1.0e-3] }\n',
    );
    const inPieces = await specFile(
      'model: { encoder: resnet152, imageSize: 224 }\ntraining: { batchSize: 128, microBatch: 16 }\n',
    );

    expect((await run(['model', 'describe', file])).stdout).toMatch(
      /^memory +about (3[789]|4\d) GB for a training process at batch 128, \d\.\d GB at batch 8$/m,
    );
    expect((await run(['model', 'describe', inPieces])).stdout).toMatch(
      /^memory +about \d\.\d GB for a training process at batch 128 in micro-batches of 16$/m,
    );
  });

  it('describes each network of a sweep once, however many runs train it', async () => {
    const file = await specFile(
      'space: { encoder: [resnet18, vgg16bn], regressionLoss: [mse, huber], seed: [1, 2, 3] }\n',
    );
    const { stdout } = await run(['model', 'describe', file, '--json']);
    const networks = JSON.parse(stdout) as { label: string; runs: number; network: { parameters: number } }[];

    expect(networks.map(({ label, runs, network }) => [label, runs, network.parameters])).toEqual([
      ['resnet18', 6, 3_164_834],
      ['vgg16bn', 6, 8_322_722],
    ]);
  });

  it('says what is frozen', async () => {
    const file = await specFile('model: { encoder: resnet18, freezeThrough: conv1 }\n');
    const { stdout } = await run(['model', 'describe', file]);

    expect(stdout).toMatch(/^encoder\/conv1 +convolution, frozen/m);
    expect(stdout).toMatch(/^parameters +3,164,834, 3,264 of them frozen$/m);
  });

  it('describes the network of a stored run', async () => {
    const { stdout } = await run(['model', 'describe', '--run', 's1234567-0'], () => ({ json: stored }));

    expect(stdout.split('\n')[0]).toBe('resnet34 to conv4, regression, 64 px  lr 0.1, 1 run');
    expect(api!.asked()).toEqual(['GET /api/runs/s1234567-0']);
  });

  it('points at what is wrong with a sweep file', async () => {
    const { code, stderr } = await run([
      'model',
      'describe',
      await specFile('model: { encoder: resnet35 }\n'),
    ]);

    expect(code).toBe(1);
    expect(stderr).toMatch(/sweep-\d+\.yaml is not a valid sweep/);
    expect(stderr).toMatch(/line 4:\d+ .*encoder must be .*not "?resnet35/);
  });

  it('wants a file or a run, not both', async () => {
    for (const argv of [[], ['a.yaml', '--run', 's1234567-0']]) {
      const { code, stderr } = await run(['model', 'describe', ...argv]);

      expect(code).toBe(1);
      expect(stderr).toContain('Name either a sweep file or, with --run, a run.');
    }
  });
});

let files = 0;
async function specFile(more: string): Promise<string> {
  const file = path.join(folder, `sweep-${files++}.yaml`);
  await writeFile(file, `name: networks\ndataset: photos\nbudget: { epochs: 1 }\n${more}`);
  return file;
}

const recipe: Recipe = {
  ...plainTraining,
  recipeVersion: 2,
  dataset: { name: 'photos', digest: 'a'.repeat(64) },
  model: plainModel,
  loss: plainRegression,
  optimizer: plainAdam,
  epochs: 1,
  samples: { images: 0, every: 1 },
};
const stored: RunDetail = {
  id: 's1234567-0',
  sweepId: 's1234567',
  index: 0,
  label: 'lr 0.1',
  parameters: { learningRate: 0.1 },
  state: 'queued',
  note: null,
  attempt: 0,
  restarts: 0,
  step: 0,
  epoch: 0,
  epochs: 1,
  totalSteps: null,
  microBatch: null,
  latest: {},
  best: {},
  baselines: null,
  learned: null,
  failure: null,
  weightsSha256: null,
  reproductionOf: null,
  trainerId: null,
  createdAt: new Date().toISOString(),
  startedAt: null,
  endedAt: null,
  recipe,
  environment: null,
  recipeDigest: null,
  attempts: [],
  checkpoints: [],
  verdict: null,
  reproductions: [],
};

async function run(argv: string[], answer: () => FakeAnswer = () => problemAnswer(500, 'Not expected.')) {
  await api?.stop();
  api = await FakeApi.start(answer);
  return runCommand(argv, { apiUrl: api.url, folder });
}
