import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainClassification } from '@chromatune/contracts';
import { type FileProvider, importNpy, npyBytes, splitBatches } from '@chromatune/data';
import { makeLoss } from '@chromatune/models';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTinyDataset, tinyRecipe } from '../testing/tiny-dataset.js';
import { measuresHere } from './measure-source.js';
import { type BaselineOptions, measureBaselines } from './validation.js';

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
  const loss = makeLoss(recipe);
  const { grey, meanColor } = await measureBaselines(optionsOf({ recipe, manifest, files, loss }));

  const imported = manifest.statistics.baselines;
  expect(grey.psnr).toBeCloseTo(imported.grey.psnr, 5);
  expect(grey.psnr).toBeGreaterThan(meanColor.psnr);
  expect(meanColor.psnr).toBeCloseTo(imported.meanColor.psnr, 5);
});

it('holds a run by the released code against the constant that it aims at: of the photographs with a colour', async () => {
  const { manifest, files } = await importHalfGrey();
  const counts = { all: new Float64Array(65_536), ofColored: new Float64Array(65_536) };
  for await (const { ab } of splitBatches({ manifest, split: 'validation', batchSize: 1, files })) {
    const isGrey = ab.every((byte) => byte === 128);
    for (let at = 0; at < ab.length; at += 2) {
      counts.all[ab[at]! * 256 + ab[at + 1]!]! += 1;
      if (!isGrey) counts.ofColored[ab[at]! * 256 + ab[at + 1]!]! += 1;
    }
  }

  const rebalancing = { type: 'released-code', lambda: 0.5, sigma: 5 } as const;
  const head = { ...plainClassification, headResolution: 'full', rebalancing } as const;
  const recipe = tinyRecipe(makeTinyDataset(), { loss: head });
  const loss = makeLoss(recipe, { abCounts: counts.all });
  const { marginal } = await measureBaselines(optionsOf({ recipe, manifest, files, loss }));

  expect(marginal!.loss).toBeCloseTo(loss.bounds(counts)!.marginal, 12);
  expect(marginal!.loss).not.toBeCloseTo(loss.bounds({ ...counts, ofColored: counts.all })!.marginal, 1);
});

const optionsOf = (given: Pick<BaselineOptions, 'recipe' | 'manifest' | 'files' | 'loss'>) => ({
  ...given,
  pictures: measuresHere({ size, weights: new Float64Array(65_536).fill(1) }),
  lpips: null,
});

/** Every other row is black and white, the others are of a brown each, but for some grey. */
async function importHalfGrey() {
  const l = Uint8Array.from({ length: rows * pixels }, (_, at) => 60 + (at % 120));
  const ab = Uint8Array.from({ length: rows * pixels * 2 }, (_, at) => {
    const row = Math.floor(at / (pixels * 2));
    return row % 2 === 0 || at % 32 < 2 ? 128 : 138 + (row % 10);
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
