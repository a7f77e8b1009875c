import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { splitBatches } from '../batches/batches.js';
import { srgbToLab8 } from '../lab/lab.js';
import { type NpyArray, npyBytes } from '../npy/npy-bytes.js';
import { areaResize } from '../pictures/area-resize.js';
import { type ImportResult } from './import-options.js';
import { importNpy, type NpyImportOptions } from './import-npy.js';
import { drawScene } from './synthetic-scene.js';
import { zipOf } from './zip.fixture.js';

const size = 32;
const rows = 60;
const pixels = size * size;
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'chromatune-npy-import-'));
});
afterEach(() => rm(root, { recursive: true }));

describe('an import of npy files', () => {
  it('reads the Kaggle layout: each row of L with its row of ab1, ab2, ab3', async () => {
    const { l, ab } = await writeKaggle();

    const result = await run();

    expect(result.manifest.images).toEqual({ train: 48, validation: 6, test: 6 });
    expect(result.manifest).toMatchObject({ importer: 'npy', imageSize: size, sources: rows });
    const imported = await rowsOf(result);
    expect(imported).toHaveLength(rows);
    for (const row of imported) {
      const original = indexOfRow(l, row.l);
      expect(original).toBeGreaterThanOrEqual(0);
      expect(Buffer.compare(row.ab, ab.subarray(original * pixels * 2, (original + 1) * pixels * 2))).toBe(0);
    }
  });

  it('gives the same digest from npy files, stored zips, deflated zips and explicit names', async () => {
    const { l, ab } = await writeKaggle();
    const expected = (await run()).digest;
    const parts = abParts(ab);
    for (const deflate of [false, true]) {
      const folder = join(root, `zips ${deflate}`);
      await mkdir(folder);
      await writeFile(
        join(folder, 'l.zip'),
        zipOf({ 'gray_scale.npy': npyBytes('u1', [rows, size, size], l) }, deflate),
      );
      await writeFile(join(folder, 'ab.zip'), zipOf(parts, deflate));
      const result = await run({ folder, workFolder: join(root, `work ${deflate}`) });
      expect(result.digest).toBe(expected);
      expect((await readdir(result.folder)).filter((name) => name.startsWith('unpacked'))).toEqual([]);
    }

    const base = join(root, 'kaggle');
    const named = await importNpy({
      name: 'mir',
      workFolder: join(root, 'named'),
      l: join(base, 'l/gray_scale.npy'),
      ab: ['ab1', 'ab2', 'ab3'].map((name) => join(base, `ab/ab/${name}.npy`)),
    });
    expect(named.digest).toBe(expected);
  });

  it.each<[string, (l: Uint8Array, ab: Uint8Array) => [NpyArray, NpyArray, 'f4' | 'f8' | 'i8']]>([
    ['floats', (l, ab) => [Float32Array.from(l), Float32Array.from(ab), 'f4']],
    ['doubles', (l, ab) => [Float64Array.from(l), Float64Array.from(ab), 'f8']],
    ['64-bit integers', (l, ab) => [BigInt64Array.from(l, BigInt), BigInt64Array.from(ab, BigInt), 'i8']],
  ])('takes %s of 0 to 255', async (_name, convert) => {
    const { l, ab } = await writeKaggle();
    const [wideL, wideAb, dtype] = convert(l, ab);
    const folder = join(root, 'wide');
    await mkdir(folder);
    await writeFile(join(folder, 'gray_scale.npy'), npyBytes(dtype, [rows, size, size], wideL));
    await writeFile(join(folder, 'ab1.npy'), npyBytes(dtype, [rows, size, size, 2], wideAb));

    expect((await run({ folder })).digest).toBe((await run()).digest);
  });

  it('takes Fortran-ordered files', async () => {
    const { l, ab } = await writeKaggle();
    const folder = join(root, 'fortran');
    await mkdir(folder);
    await writeFile(join(folder, 'gray_scale.npy'), fortranNpy([rows, size, size], l));
    await writeFile(join(folder, 'ab1.npy'), fortranNpy([rows, size, size, 2], ab));

    expect((await run({ folder })).digest).toBe((await run()).digest);
  });

  it('takes the first rows only, and makes images smaller by averaging', async () => {
    const { l } = await writeKaggle();

    const result = await run({ limit: 10, imageSize: 16 });

    expect(result.manifest.sources).toBe(10);
    const small = areaResize(l, { images: rows, channels: 1, from: size, to: 16 });
    for (const row of await rowsOf(result)) {
      const index = indexOfRow(small, row.l);
      expect(index).toBeGreaterThanOrEqual(0);
      expect(index).toBeLessThan(10);
    }
  });

  it.each([1, 2, 7, 30])('refuses ab that is shifted by %i rows, unless told to take it', async (shift) => {
    const { ab } = await writeKaggle();
    const shifted = new Uint8Array(ab.length);
    shifted.set(ab.subarray(shift * pixels * 2));
    shifted.set(ab.subarray(0, shift * pixels * 2), ab.length - shift * pixels * 2);
    await writeAb(shifted);

    await expect(run()).rejects.toThrow(
      /L and ab do not belong together: in the rows 0 to \d+, [\d.]+ % of the pixels/,
    );
    const forced = await run({ allowMisaligned: true });
    expect(forced.manifest.statistics.outOfGamutShare).toBeGreaterThan(0.03);
  });

  it('refuses a wrong last file behind right ones, and names its rows', async () => {
    const { ab } = await writeKaggle();
    const wrong = ab.slice();
    wrong.set(ab.subarray(0, 20 * pixels * 2), 40 * pixels * 2);
    await writeAb(wrong);

    await expect(run()).rejects.toThrow(/in the rows 40 to 59/);
  });

  it('refuses files whose rows do not agree, and says how to use those that do', async () => {
    await writeKaggle();
    await rm(join(root, 'kaggle/ab/ab/ab3.npy'));

    await expect(run()).rejects.toMatchObject({
      message: 'gray_scale.npy has 60 rows, ab1.npy + ab2.npy 48: they do not belong together.',
      remedy: expect.stringContaining('--limit 48'),
    });
    expect((await run({ limit: 48 })).manifest.sources).toBe(48);
  });

  it.each<[string, (folder: string) => Promise<unknown>, RegExp]>([
    [
      'an empty folder',
      (folder) => rm(join(folder, 'l'), { recursive: true }),
      /has no l\/gray_scale\.npy or l\.zip/,
    ],
    [
      'swapped files',
      async (folder) => {
        await writeFile(
          join(folder, 'l/gray_scale.npy'),
          npyBytes('u1', [4, 32, 32, 2], new Uint8Array(8192)),
        );
      },
      /has the shape \(4, 32, 32, 2\): L needs the shape/,
    ],
    [
      'oblong images',
      async (folder) => {
        await writeFile(join(folder, 'l/gray_scale.npy'), npyBytes('u1', [4, 32, 16], new Uint8Array(2048)));
      },
      /only squares/,
    ],
    [
      'lightness of 0 to 1',
      async (folder) => {
        const l = npyBytes('f4', [60, 32, 32], new Float32Array(60 * 1024).fill(0.5));
        await writeFile(join(folder, 'l/gray_scale.npy'), l);
      },
      /L goes only from 0 to 1/,
    ],
    [
      'ab around 0',
      async (folder) => {
        const ab = npyBytes('f4', [60, 32, 32, 2], new Float32Array(60 * 2048).fill(-3.5));
        await rm(join(folder, 'ab/ab'), { recursive: true });
        await writeFile(join(folder, 'ab/ab1.npy'), ab);
      },
      /ab1\.npy: it holds -3\.5, but 8-bit Lab has 0 to 255/,
    ],
    [
      'a file cut short',
      async (folder) => {
        const path = join(folder, 'ab/ab/ab2.npy');
        await writeFile(path, (await readFile(path)).subarray(0, 1000));
      },
      /ab2\.npy: it is cut short: 49280 bytes expected, 1000 found/,
    ],
    [
      'a zip that is none',
      async (folder) => {
        await rm(join(folder, 'l'), { recursive: true });
        await writeFile(join(folder, 'l.zip'), 'no zip');
      },
      /l\.zip cannot be read as a zip/,
    ],
  ])('explains %s', async (_name, damage, message) => {
    await writeKaggle();
    await damage(join(root, 'kaggle'));

    await expect(run()).rejects.toThrow(message);
  });

  it('refuses a zip whose contents were damaged', async () => {
    const { l, ab } = await writeKaggle();
    const folder = join(root, 'damaged');
    await mkdir(folder);
    const zip = zipOf({ 'gray_scale.npy': npyBytes('u1', [rows, size, size], l) }, true);
    zip[zip.length >> 1]! ^= 0xff;
    await writeFile(join(folder, 'l.zip'), zip);
    await writeFile(join(folder, 'ab1.npy'), npyBytes('u1', [rows, size, size, 2], ab));

    await expect(run({ folder })).rejects.toThrow(/l\.zip cannot be read as a zip: /);
  });

  it('cannot enlarge images', async () => {
    await writeKaggle();

    await expect(run({ imageSize: 64 })).rejects.toThrow(
      'The images have 32 px, so they cannot be imported at 64 px.',
    );
  });
});

function run(options: Partial<NpyImportOptions> = {}): Promise<ImportResult> {
  return importNpy({ name: 'mir', folder: join(root, 'kaggle'), workFolder: join(root, 'work'), ...options });
}

/** The Kaggle layout with drawn scenes: saturated, so that wrong pairs show. */
async function writeKaggle() {
  const scenes = Array.from({ length: rows }, (_, scene) =>
    srgbToLab8(drawScene(3, scene, size).rgb, pixels),
  );
  const l = Buffer.concat(scenes.map((scene) => scene.l));
  const ab = Buffer.concat(scenes.map((scene) => scene.ab));
  await mkdir(join(root, 'kaggle/l'), { recursive: true });
  await mkdir(join(root, 'kaggle/ab/ab'), { recursive: true });
  await writeFile(
    join(root, 'kaggle/l/gray_scale.npy'),
    npyBytes('u1', [rows, size, size], new Uint8Array(l)),
  );
  await writeAb(ab);
  return { l: new Uint8Array(l), ab: new Uint8Array(ab) };
}

async function writeAb(ab: Uint8Array) {
  for (const [name, bytes] of Object.entries(abParts(ab))) await writeFile(join(root, 'kaggle', name), bytes);
}

/** 24 + 24 + 12 rows, as the real files have 10,000 + 10,000 + 5,000. */
function abParts(ab: Uint8Array): Record<string, Uint8Array> {
  const part = (from: number, to: number) =>
    npyBytes(
      'u1',
      [to - from, size, size, 2],
      new Uint8Array(ab.subarray(from * pixels * 2, to * pixels * 2)),
    );
  return { 'ab/ab/ab1.npy': part(0, 24), 'ab/ab/ab2.npy': part(24, 48), 'ab/ab/ab3.npy': part(48, 60) };
}

async function rowsOf({ manifest, files }: ImportResult): Promise<{ l: Uint8Array; ab: Uint8Array }[]> {
  const provider = async (names: string[]) =>
    Object.fromEntries(names.map((name) => [name, files.get(name)!]));
  const found = [];
  for (const split of ['train', 'validation', 'test'] as const) {
    for await (const { l, ab } of splitBatches({ manifest, split, batchSize: 1, files: provider }))
      found.push({ l, ab });
  }
  return found;
}

function indexOfRow(all: Uint8Array, row: Uint8Array): number {
  for (let index = 0; index < all.length / row.length; index++) {
    if (Buffer.compare(all.subarray(index * row.length, (index + 1) * row.length), row) === 0) return index;
  }
  return -1;
}

function fortranNpy(shape: number[], data: Uint8Array): Buffer {
  const dict = `{'descr': '|u1', 'fortran_order': True, 'shape': (${shape.join(', ')}), }`.padEnd(117) + '\n';
  const header = Buffer.alloc(10);
  header.write('\x93NUMPY\x01\x00', 0, 'latin1');
  header.writeUInt16LE(dict.length, 8);
  const turned = Buffer.alloc(data.length);
  const [height, width, channels = 1] = shape.slice(1) as [number, number, number?];
  let source = 0;
  for (let row = 0; row < rows; row++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let channel = 0; channel < channels; channel++)
          turned[row + rows * (y + height * (x + width * channel))] = data[source++]!;
  return Buffer.concat([header, Buffer.from(dict, 'latin1'), turned]);
}
