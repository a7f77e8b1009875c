import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatasetManifest } from '@chromatune/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { splitBatches } from './batches/batches.js';
import { CorruptShard, type FileProvider } from './batches/shard-reader.js';
import { importSynthetic } from './import/import-synthetic.js';
import { npyBytes } from './npy/npy-bytes.js';
import { abCounts } from './prior.js';

let folder: string;
let manifest: DatasetManifest;
let files: FileProvider;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-prior-'));
  const imported = await importSynthetic({ name: 'tiny', scenes: 8, imageSize: 16, workFolder: folder });
  manifest = imported.manifest;
  files = async (names) => Object.fromEntries(names.map((name) => [name, imported.files.get(name)!]));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the prior of a dataset', () => {
  it('counts every colour of the training split, and of no other', async () => {
    const counts = await abCounts(manifest, files);

    const expected = new Float64Array(65_536);
    for await (const { ab } of splitBatches({ manifest, split: 'train', batchSize: 7, files })) {
      for (let at = 0; at < ab.length; at += 2) expected[ab[at]! * 256 + ab[at + 1]!]! += 1;
    }
    expect(counts).toEqual(expected);
    expect(counts.reduce((sum, count) => sum + count)).toBe(manifest.images.train * 16 * 16);
  });

  it('agrees with the coarse histogram of the statistics', async () => {
    const coarse = new Array<number>(676).fill(0);
    (await abCounts(manifest, files)).forEach((count, color) => {
      const cell = (byte: number) => Math.floor((byte - 128) / 10) + 13;
      coarse[cell(color >> 8) * 26 + cell(color & 255)]! += count;
    });

    expect(coarse).toEqual(manifest.statistics.abHistogram);
  });

  it('is read from its file, without the shards', async () => {
    const onlyPrior: FileProvider = (names) => {
      expect(names).toEqual(['prior.npy']);
      return files(names);
    };

    expect((await abCounts(manifest, onlyPrior)).length).toBe(65_536);
  });

  it('is counted for a version that was imported before there was such a file', async () => {
    const { prior: _, ...rest } = manifest;

    expect(await abCounts({ ...rest, manifestVersion: 1 }, files)).toEqual(await abCounts(manifest, files));
  });

  it.each([
    ['of another shape', npyBytes('f8', [2, 2], new Float64Array(4)), /f8 of shape \(2, 2\)/],
    [
      'that is cut short',
      npyBytes('f8', [256, 256], new Float64Array(65_536)).subarray(0, 9000),
      /9000 bytes/,
    ],
    ['of no npy at all', new Uint8Array(99), /does not begin as npy files do/],
  ])('is refused when it is a file %s', async (_name, bytes, message) => {
    const damaged = join(folder, 'damaged.npy');
    await writeFile(damaged, bytes);

    const reading = abCounts(manifest, async () => ({ 'prior.npy': damaged }));

    await expect(reading).rejects.toThrow(CorruptShard);
    await expect(reading).rejects.toThrow(message);
  });
});
