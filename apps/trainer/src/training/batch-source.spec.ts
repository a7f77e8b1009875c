import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FileProvider } from '@chromatune/data';
import type { Batch } from '@chromatune/models';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTinyDataset, providerOf, tinyRecipe } from '../testing/tiny-dataset.js';
import { compiled } from '../testing/world.js';
import { BatchThread, batchesHere, lookingAhead } from './batch-source.js';

const dataset = makeTinyDataset({ train: [9, 8, 7] });
const recipe = tinyRecipe(dataset, { batchSize: 3, augmentation: { flip: true, crop: 0.75 } });
const epochOf = (epoch: number, fromStepInEpoch = 0) => ({
  manifest: dataset.manifest,
  recipe,
  epoch,
  fromStepInEpoch,
});
let folder: string;
let files: FileProvider;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-batches-'));
  files = await providerOf(dataset, folder);
});
afterAll(() => rm(folder, { recursive: true }));

test('a thread makes the same batches as the main thread, epoch after epoch', async () => {
  const thread = startThread(files);

  for (const epoch of [1, 2]) {
    expect(await collect(thread.epoch(epochOf(epoch)))).toEqual(
      await collect(batchesHere(files).epoch(epochOf(epoch))),
    );
  }
  await thread.close();
});

test('an epoch that was left early does not disturb the next', async () => {
  const thread = startThread(files);
  for await (const batch of thread.epoch(epochOf(1))) {
    expect(batch.images).toBe(3);
    break;
  }

  expect(await collect(thread.epoch(epochOf(1, 2)))).toEqual(
    await collect(batchesHere(files).epoch(epochOf(1, 2))),
  );
  await thread.close();
});

test('an error of the thread keeps its code and remedy', async () => {
  const thread = startThread(async (names) => Object.fromEntries(names.map((name) => [name, '/nowhere'])));

  await expect(collect(thread.epoch(epochOf(1)))).rejects.toMatchObject({
    code: expect.any(String),
    message: expect.stringContaining('/nowhere'),
  });
  await thread.close();
});

test('each batch comes with the one after it, and the time that it was waited for is told', async () => {
  const waits: number[] = [];
  const epoch = await collect(batchesHere(files).epoch(epochOf(1)));

  const pairs = await collect(lookingAhead(resolved(epoch), (seconds) => waits.push(seconds)));

  expect(pairs).toEqual(epoch.map((batch, index) => ({ batch, next: epoch[index + 1] })));
  expect(waits).toHaveLength(epoch.length);
  expect(waits.every((seconds) => seconds >= 0)).toBe(true);
});

test('a batch is not kept back until the one after it is there, nor by its failure', async () => {
  const [first, second] = await collect(batchesHere(files).epoch(epochOf(1)));
  const failure = new Error('no more');
  let fail = () => {};
  async function* slow() {
    yield first!;
    yield second!;
    await new Promise<void>((_, reject) => (fail = () => reject(failure)));
  }
  const pairs = lookingAhead(slow(), () => undefined);

  expect(await pairs.next()).toMatchObject({ value: { batch: first, next: second } });
  expect(await pairs.next()).toMatchObject({ value: { batch: second, next: undefined } });
  fail();
  await expect(pairs.next()).rejects.toBe(failure);
});

test('who stops early stops the source', async () => {
  const epoch = await collect(batchesHere(files).epoch(epochOf(1)));
  let isStopped = false;
  async function* watched() {
    try {
      yield* epoch;
    } finally {
      isStopped = true;
    }
  }

  for await (const { batch } of lookingAhead(watched(), () => undefined)) {
    expect(batch).toBe(epoch[0]);
    break;
  }

  expect(isStopped).toBe(true);
});

async function* resolved(batches: Batch[]): AsyncGenerator<Batch, void, undefined> {
  yield* batches;
}

const startThread = (provider: FileProvider) =>
  new BatchThread(provider, pathToFileURL(join(compiled, 'training/batch-thread.js')), {
    execArgv: [], // not those of the test runner, with which it would look for sources
  });

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
