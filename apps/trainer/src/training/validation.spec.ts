import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileProvider, importNpy, npyBytes, splitBatches } from '@chromatune/data';
import { makeLoss } from '@chromatune/models';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTinyDataset, tinyRecipe } from '../testing/tiny-dataset.js';
import { measuresHere } from './measure-source.js';
import { measureBaselines } from './validation.js';

const [rows, size] = [60, 32];
const pixels = size ** 2;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-validation-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('measures grey on black-and-white photographs among others as the import did', async () => {
  const { manifest, files } = await importHalfGrey();
  const greyPhotos: boolean[] = [];
  for await (const { ab } of splitBatches({ manifest, split: 'validation', batchSize: 1, files })) {
    greyPhotos.push(ab.every((byte) => byte === 128));
  }
  expect(new Set(greyPhotos)).toEqual(new Set([true, false]));

  const recipe = tinyRecipe(makeTinyDataset());
  const { grey, meanColor } = await measureBaselines({
    recipe,
    manifest,
    files,
    pictures: measuresHere({ size, weights: new Float64Array(65_536).fill(1) }),
    lpips: null,
    loss: makeLoss(recipe),
  });

  const imported = manifest.statistics.baselines;
  expect(grey.psnr).toBeCloseTo(imported.grey.psnr, 5);
  expect(grey.psnr).toBeGreaterThan(meanColor.psnr);
  expect(meanColor.psnr).toBeCloseTo(imported.meanColor.psnr, 5);
});

/** Every other row is black and white, the others are of a brown each. */
async function importHalfGrey() {
  const l = Uint8Array.from({ length: rows * pixels }, (_, at) => 60 + (at % 120));
  const ab = Uint8Array.from({ length: rows * pixels * 2 }, (_, at) => {
    const row = Math.floor(at / (pixels * 2));
    return row % 2 === 0 ? 128 : 138 + (row % 10);
  });
  await writeFile(join(folder, 'l.npy'), npyBytes('u1', [rows, size, size], l));
  await writeFile(join(folder, 'ab.npy'), npyBytes('u1', [rows, size, size, 2], ab));
  const imported = await importNpy({
    name: 'half-grey',
    l: join(folder, 'l.npy'),
    ab: [join(folder, 'ab.npy')],
    workFolder: join(folder, 'work'),
  });
  const files: FileProvider = async (names) =>
    Object.fromEntries(names.map((name) => [name, imported.files.get(name)!]));
  return { manifest: imported.manifest, files };
}
