import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '@chromatune/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeTinyDataset, tinyRecipe } from '../testing/tiny-dataset.js';
import { MemoryCorrections } from './memory-corrections.js';

const recipe = tinyRecipe(makeTinyDataset());
const environment = { engine: 'native', engineVersion: 'tensorflow 2.21.0', device: 'cpu' } as Environment;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-corrections-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a measured shape is known after a new start, for every batch size', async () => {
  const file = join(folder, 'memory.json');
  await (await MemoryCorrections.open(file)).put(recipe, environment, 1.25);

  const corrections = await MemoryCorrections.open(file);
  expect(corrections.of({ ...recipe, batchSize: 99, seed: 5 }, environment)).toBe(1.25);
});

test('another network, image size or device is another shape', async () => {
  const corrections = await MemoryCorrections.open(join(folder, 'memory.json'));
  await corrections.put(recipe, environment, 1.25);

  const larger = { ...recipe, model: { ...recipe.model, imageSize: 64 } };
  expect(corrections.of(larger, environment)).toBeNull();
  expect(corrections.of(recipe, { ...environment, device: 'NVIDIA H100' })).toBeNull();
});

test('a damaged file is forgotten', async () => {
  const file = join(folder, 'memory.json');
  await writeFile(file, '{"a": -1');

  expect((await MemoryCorrections.open(file)).of(recipe, environment)).toBeNull();
});
