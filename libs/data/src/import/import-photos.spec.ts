import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import sharp from 'sharp';
import { datasetFiles, type DatasetManifest } from '@chromatune/contracts';
import { stream } from '@chromatune/random';
import { loadPreviews, splitBatches } from '../batches/batches.js';
import { lab8ToSrgb } from '../lab/lab.js';
import { type ImportResult } from './import-options.js';
import { importPhotos, type PhotoImportOptions } from './import-photos.js';

let root: string;
let photos: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'chromatune-photos-'));
  photos = join(root, 'photos');
  await mkdir(photos);
});
afterEach(() => rm(root, { recursive: true }));

describe('an import of photographs', () => {
  it('cuts crops for training and centre squares for the rest, and describes every file', async () => {
    for (let index = 0; index < 10; index++) await writePhoto(`${index}.jpg`, index);

    const result = await run({ cropsPerPhoto: 3 });

    const { manifest, files } = result;
    expect(manifest.images).toEqual({ train: 24, validation: 1, test: 1 });
    expect(manifest).toMatchObject({
      name: 'mine',
      importer: 'photos',
      imageSize: 32,
      sources: 10,
      skipped: [],
    });
    expect(manifest.previews).toMatchObject({ size: 192, images: 1 });
    for (const { name, bytes, sha256 } of datasetFiles(manifest)) {
      const content = await readFile(files.get(name)!);
      expect(content.length).toBe(bytes);
      expect(sha256Of(content)).toBe(sha256);
    }
  });

  it('gives the same digest for the same files in another folder on another day', async () => {
    for (let index = 0; index < 5; index++) await writePhoto(`${index}.png`, index);
    const first = await run();

    const elsewhere = join(root, 'elsewhere');
    await mkdir(elsewhere);
    for (const index of [4, 2, 0, 1, 3]) {
      await copyFile(join(photos, `${index}.png`), join(elsewhere, `${index}.png`));
      await utimes(join(elsewhere, `${index}.png`), 1, 1);
    }
    const second = await run({ folder: elsewhere, workFolder: join(root, 'other work') });

    expect(second.digest).toBe(first.digest);
    expect(JSON.stringify(first.manifest)).not.toContain(root);
  });

  it.each<[string, Partial<PhotoImportOptions>]>([
    ['seed', { seed: 1 }],
    ['size', { imageSize: 48 }],
    ['crops', { cropsPerPhoto: 2 }],
    ['name', { name: 'other' }],
  ])('gives another digest for another %s, beside the first', async (_what, change) => {
    for (let index = 0; index < 5; index++) await writePhoto(`${index}.png`, index);

    const first = await run();
    const second = await run(change);

    expect(second.digest).not.toBe(first.digest);
    expect((await run()).digest).toBe(first.digest);
  });

  it('keeps all crops of a photograph in one split, and scaled or recompressed copies out', async () => {
    for (let index = 0; index < 12; index++) await writePhoto(`${index}.png`, index);
    const copy = await readFile(join(photos, '3.png'));
    await writeFile(join(photos, 'copy.png'), copy);
    await sharp(copy).resize(150).jpeg({ quality: 70 }).toFile(join(photos, 'small.jpg'));

    const { manifest } = await run();

    expect(manifest.sources).toBe(12);
    expect(manifest.skipped).toEqual([
      { file: 'copy.png', reason: 'looks the same as 3.png' },
      { file: 'small.jpg', reason: 'looks the same as 3.png' },
    ]);
  });

  it('lists what it cannot use, with the reason, and goes on', async () => {
    for (let index = 0; index < 4; index++) await writePhoto(`${index}.jpg`, index);
    const good = await readFile(join(photos, '0.jpg'));
    await writeFile(join(photos, 'broken.jpg'), 'this is no picture');
    await writeFile(join(photos, 'cut.jpg'), good.subarray(0, good.length / 2));
    await writeFile(join(photos, 'empty.png'), '');
    await writeFile(join(photos, 'notes.txt'), 'not a picture, and not mentioned');
    await writeFile(join(photos, 'clip.gif'), 'GIF89a');
    await photo(7).resize(31, 200).png().toFile(join(photos, 'tiny.png'));
    await photo(8).toColourspace('b-w').jpeg().toFile(join(photos, 'grey.jpg'));
    await photo(9).modulate({ saturation: 0.01 }).png().toFile(join(photos, 'pale.png'));
    await writeFile(join(root, 'outside.jpg'), good);
    await symlink(join(root, 'outside.jpg'), join(photos, 'link.jpg'));

    const { manifest } = await run();

    expect(manifest.sources).toBe(4);
    expect(Object.fromEntries(manifest.skipped.map(({ file, reason }) => [file, reason]))).toEqual({
      'broken.jpg': 'cannot be read: no picture, or in an unsupported image format',
      'clip.gif': 'GIF is not read; JPEG, PNG, WebP, TIFF and AVIF are',
      'cut.jpg': 'cannot be read: the file is damaged or truncated',
      'empty.png': 'cannot be read: the file is empty',
      'grey.jpg': 'a grey picture',
      'link.jpg': 'a link that leads out of the folder',
      'pale.png': expect.stringMatching(/^nearly grey: mean chroma \d\.\d$/),
      'tiny.png': 'too small: 31 x 200 pixels',
    });
  });

  it.each(['jpeg', 'png', 'webp', 'tiff', 'avif'] as const)('reads %s', async (format) => {
    await mkdir(join(photos, 'deep/er'), { recursive: true });
    for (let index = 0; index < 3; index++) {
      const extension = format === 'jpeg' ? 'JPG' : format;
      await photo(index)
        .toFormat(format, { quality: 90 })
        .toFile(join(photos, `deep/er/${index}.${extension}`));
    }

    const { manifest } = await run();

    expect(manifest.skipped).toEqual([]);
    expect(manifest.sources).toBe(3);
  });

  it('turns photographs upright by their EXIF orientation', async () => {
    await writeThrice(
      await halves().jpeg({ quality: 95 }).withMetadata({ orientation: 6 }).toBuffer(),
      'jpg',
    );

    const [top, bottom] = await verticalEnds(await run());

    // Orientation 6: the left edge of the stored picture is the top of what is seen.
    expect(top).toBe('red');
    expect(bottom).toBe('blue');
  });

  it('puts transparent parts on white', async () => {
    const rgba = Buffer.alloc(100 * 100 * 4);
    for (let pixel = 5000; pixel < 10_000; pixel++) rgba.set([0, 0, 255, 255], pixel * 4);
    await writeThrice(
      await sharp(rgba, { raw: { width: 100, height: 100, channels: 4 } })
        .png()
        .toBuffer(),
      'png',
    );

    expect(await verticalEnds(await run())).toEqual(['white', 'blue']);
  });

  it('converts CMYK', async () => {
    const cmyk = await halves().rotate(90).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe('cmyk');
    await writeThrice(cmyk, 'jpg');

    expect(await verticalEnds(await run())).toEqual(['red', 'blue']);
  });

  it('makes previews of the same squares as the validation images', async () => {
    for (let index = 0; index < 30; index++) await writePhoto(`${index}.png`, index);
    const result = await run();
    const files = providerOf(result);

    const previews = await loadPreviews(result.manifest, files);
    const batches = splitBatches({ manifest: result.manifest, split: 'validation', batchSize: 99, files });
    const validation = (await batches.next()).value!;

    expect([previews.images, previews.size, validation.images]).toEqual([3, 192, 3]);
    for (let image = 0; image < 3; image++) {
      expect(
        Math.abs(meanOf(previews.l, image, 192 * 192) - meanOf(validation.l, image, 32 * 32)),
      ).toBeLessThan(2);
      expect(
        Math.abs(meanOf(previews.ab, image, 2 * 192 * 192) - meanOf(validation.ab, image, 2 * 32 * 32)),
      ).toBeLessThan(2);
    }
    const truth = await sharp(await readFile(result.files.get('truth.png')!))
      .raw()
      .toBuffer();
    expect(new Uint8Array(truth)).toEqual(lab8ToSrgb(previews.l, previews.ab, 3 * 192 * 192));
  });

  it('measures colours and the baselines that a network has to beat', async () => {
    for (let index = 0; index < 12; index++) await writePhoto(`${index}.png`, index);
    const result = await run();
    const { statistics, images } = result.manifest;

    expect(statistics.abHistogram.reduce((sum, count) => sum + count, 0)).toBe(images.train * 32 * 32);
    expect(statistics.outOfGamutShare).toBe(0);
    const { grey } = await baselines(result);
    expect(statistics.baselines.grey.abRmse).toBeCloseTo(grey, 4);
    expect(statistics.meanChroma).toBeGreaterThan(5);
    expect(statistics.baselines.grey.psnr).toBeGreaterThan(5);
  });

  it('carries the credits of the photographs it used', async () => {
    for (let index = 0; index < 3; index++) await writePhoto(`${index}.png`, index);
    const credits = [
      { file: '1.png', licence: 'CC0-1.0', author: 'Ada' },
      { file: 'never-there.png', licence: 'CC-BY-4.0' },
    ];

    const { manifest } = await run({ credits });

    expect(manifest.card.credits).toEqual([credits[0]]);
  });

  it('says what is wrong with a folder of which nothing can be made', async () => {
    await expect(run({ folder: join(root, 'nowhere') })).rejects.toThrow(
      /nowhere cannot be read: there is no such folder/,
    );
    await expect(run()).rejects.toThrow(/has 0 usable photographs; a dataset needs at least 3/);
    await writeFile(join(photos, 'a.jpg'), 'x');
    await expect(run()).rejects.toThrow(/Left out: a\.jpg|has 1 usable/);
    await expect(run({ imageSize: 5 })).rejects.toMatchObject({ code: 'invalid_size' });
    await expect(run({ cropsPerPhoto: 0 })).rejects.toThrow();
  });

  it('stops when it is asked to, and goes on later', async () => {
    for (let index = 0; index < 6; index++) await writePhoto(`${index}.png`, index);
    const stop = new AbortController();
    const onProgress = (_done: number, _total: number, what: string) =>
      what === 'writing images' && stop.abort();

    await expect(run({ signal: stop.signal, onProgress })).rejects.toThrow(/abort/i);
    const resumed = await run();

    expect(resumed.digest).toBe((await run({ workFolder: join(root, 'fresh') })).digest);
  });

  it('is silent once it has stopped', async () => {
    for (let index = 0; index < 6; index++) await writePhoto(`${index}.png`, index);
    const stop = new AbortController();
    let reports = 0;
    const onProgress = () => {
      reports++;
      stop.abort();
    };

    await expect(run({ signal: stop.signal, onProgress })).rejects.toThrow(/abort/i);
    const told = reports;
    await sleep(300); // a photograph is looked at in some milliseconds

    expect(reports).toBe(told);
  });
});

function run(options: Partial<PhotoImportOptions> = {}): Promise<ImportResult> {
  return importPhotos({
    name: 'mine',
    folder: photos,
    workFolder: join(root, 'work'),
    imageSize: 32,
    ...options,
  });
}

async function writePhoto(name: string, seed: number) {
  await photo(seed).toFile(join(photos, name));
}

/** A picture of 240 x 180 pixels with soft colours, another one for each seed. */
function photo(seed: number) {
  const random = stream(seed, 'photo spec');
  const colors = Uint8Array.from({ length: 8 * 6 * 3 }, () => random.integer(256));
  return sharp(colors, { raw: { width: 8, height: 6, channels: 3 } }).resize(240, 180, { kernel: 'cubic' });
}

/** 100 x 100 pixels: red on the left, blue on the right. */
function halves() {
  const rgb = Buffer.alloc(100 * 100 * 3);
  for (let pixel = 0; pixel < 10_000; pixel++) rgb[pixel * 3 + (pixel % 100 < 50 ? 0 : 2)] = 255;
  return sharp(rgb, { raw: { width: 100, height: 100, channels: 3 } });
}

/** Three pictures, because a dataset needs one for each split; the first is what the test is about. */
async function writeThrice(encoded: Buffer, extension: string) {
  await writeFile(join(photos, `a.${extension}`), encoded);
  await writePhoto('b.png', 1);
  await writePhoto('c.png', 2);
}

/** Colours at the top and bottom of the picture a.*, wherever it was dealt to. */
async function verticalEnds(result: ImportResult): Promise<string[]> {
  for (const split of ['train', 'validation', 'test'] as const) {
    const files = providerOf(result);
    for await (const { l, ab, size } of splitBatches({
      manifest: result.manifest,
      split,
      batchSize: 1,
      files,
    })) {
      const rgb = lab8ToSrgb(l, ab, size * size);
      const names = [2, size - 3].map((row) => nameOf(rgb.subarray((row * size + size / 2) * 3)));
      if (!names.includes('other')) return names;
    }
  }
  return [];
}

function nameOf([r, g, b]: Uint8Array): string {
  if (r! > 240 && g! > 240 && b! > 240) return 'white';
  if (r! > 180 && g! < 90 && b! < 90) return 'red';
  if (b! > 120 && r! < 100 && g! < 120) return 'blue';
  return 'other';
}

async function baselines({ manifest, files }: ImportResult) {
  let squared = 0;
  let values = 0;
  const provider = async (names: string[]) =>
    Object.fromEntries(names.map((name) => [name, files.get(name)!]));
  for await (const { ab } of splitBatches({ manifest, split: 'validation', batchSize: 1, files: provider })) {
    for (const value of ab) squared += (value - 128) ** 2;
    values += ab.length;
  }
  return { grey: Math.sqrt(squared / values) };
}

const providerOf =
  ({ files }: { manifest: DatasetManifest; files: Map<string, string> }) =>
  async (names: string[]) =>
    Object.fromEntries(names.map((name) => [name, files.get(name)!]));

function meanOf(values: Uint8Array, image: number, length: number): number {
  return (
    values.subarray(image * length, (image + 1) * length).reduce((sum, value) => sum + value, 0) / length
  );
}

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
