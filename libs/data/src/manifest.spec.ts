import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatasetManifest } from '@chromatune/contracts';
import { importSynthetic } from './import/import-synthetic.js';
import { manifestDigest, verifyManifest } from './manifest.js';

let folder: string;
let manifest: DatasetManifest;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-manifest-'));
  ({ manifest } = await importSynthetic({
    name: 'tiny',
    scenes: 5,
    imageSize: 16,
    cropsPerPhoto: 2,
    workFolder: folder,
  }));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the digest of a manifest', () => {
  it('does not depend on the order of its members, but on each of them', () => {
    const turned = Object.fromEntries(Object.entries(manifest).reverse()) as DatasetManifest;

    expect(manifestDigest(turned)).toBe(manifestDigest(manifest));
    expect(manifestDigest({ ...manifest, sources: 6 })).not.toBe(manifestDigest(manifest));
    expect(manifestDigest(manifest)).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('a manifest', () => {
  it('of an import is valid, also after JSON', () => {
    expect(verifyManifest(JSON.parse(JSON.stringify(manifest)))).toEqual(manifest);
  });

  it('of version 1, without a prior, is still valid, and keeps its digest', () => {
    const { prior: _, ...rest } = manifest;
    const old = { ...rest, manifestVersion: 1 as const };

    expect(manifestDigest(verifyManifest(old))).toBe(manifestDigest(old));
  });

  it.each<[string, (manifest: DatasetManifest) => void, RegExp]>([
    ['wrong counts', (m) => (m.images.train += 1), /images\.train: 7 stated, 6 in the shards/],
    [
      'no validation',
      (m) => (m.shards = m.shards.filter(({ split }) => split !== 'validation')),
      /images\.validation/,
    ],
    [
      'a name twice',
      (m) => (m.shards[1]!.l.name = m.shards[0]!.l.name),
      /file train-00000\.l\.npy: stands twice/,
    ],
    [
      'wrong sizes',
      (m) => (m.shards[0]!.ab.bytes -= 1),
      /file train-00000\.ab\.npy: \d+ bytes stated, \d+ needed/,
    ],
    [
      'previews of another grid',
      (m) => (m.previews.size = 100),
      /previews\.size: 100 is not a multiple of 16/,
    ],
    [
      'a digest that is none',
      (m) => (m.pictures.grey.sha256 = 'abc'),
      /pictures\.grey\.sha256: is not a SHA-256/,
    ],
    ['no prior', (m) => delete m.prior, /prior: version 2 needs it/],
    [
      'a prior of another size',
      (m) => (m.prior!.bytes += 1),
      /file prior\.npy: \d+ bytes stated, \d+ needed/,
    ],
    ['a missing part', (m) => delete (m as Partial<DatasetManifest>).card, /card: /],
  ])('is refused with %s', (_name, damage, message) => {
    const damaged = structuredClone(manifest);
    damage(damaged);

    expect(() => verifyManifest(damaged)).toThrow(message);
  });
});
