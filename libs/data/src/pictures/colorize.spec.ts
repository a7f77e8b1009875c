import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { type Picture } from '../import/photograph.js';
import { srgbToLab, srgbToLab8 } from '../lab/lab.js';
import { encodePicture, lightnessAt, networkSides, openPhoto, paintPicture } from './colorize.js';

describe('opening a photograph', () => {
  it.each(['jpeg', 'png', 'webp', 'tiff', 'avif'] as const)('reads %s at its full size', async (format) => {
    const encoded = await sharp(gradient(70, 45).rgb, { raw: { width: 70, height: 45, channels: 3 } })
      .toFormat(format)
      .toBuffer();

    const { rgb, width, height } = await openPhoto(encoded);

    expect([width, height, rgb.length]).toEqual([70, 45, 70 * 45 * 3]);
  });

  it('reads grey and 16-bit pictures as 8-bit sRGB', async () => {
    const grey = sharp(Uint8Array.of(10, 200), { raw: { width: 2, height: 1, channels: 1 } });

    expect([...(await openPhoto(await grey.clone().toColourspace('b-w').png().toBuffer())).rgb]).toEqual([
      10, 10, 10, 200, 200, 200,
    ]);
    expect([...(await openPhoto(await grey.toColourspace('grey16').png().toBuffer())).rgb]).toEqual([
      10, 10, 10, 200, 200, 200,
    ]);
  });

  it.each([
    ['PNG', (picture: Sharp) => picture.png()],
    ['16-bit PNG', (picture: Sharp) => picture.toColourspace('rgb16').png()],
    ['grey PNG', (picture: Sharp) => picture.toColourspace('b-w').png()],
    ['WebP', (picture: Sharp) => picture.webp({ lossless: true })],
    ['AVIF', (picture: Sharp) => picture.avif({ lossless: true })],
  ])('reads the transparency of a %s and the colours below it', async (_kind, encode) => {
    const { rgb, alpha, ...sides } = await openPhoto(await encode(half()).toBuffer());

    expect(sides).toEqual({ width: 2, height: 1 });
    expect([...rgb]).toEqual([90, 90, 90, 200, 200, 200]);
    expect([...alpha!]).toEqual([128, 255]);
  });

  it('refuses floating-point numbers, which would come out black', async () => {
    await expect(openPhoto(floatTiff([0.1, 0.9]))).rejects.toMatchObject({
      code: 'unreadable_photo',
      message: 'The photograph holds floating-point numbers, not 8 or 16 bits.',
    });
  });

  it('turns it upright as its camera says', async () => {
    const lying = await sharp(gradient(40, 20).rgb, { raw: { width: 40, height: 20, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();

    expect(await openPhoto(lying)).toMatchObject({ width: 20, height: 40 });
  });

  it('refuses what is no picture or of another kind, is damaged, or has too many pixels', async () => {
    const whole = await sharp(gradient(64, 64).rgb, { raw: { width: 64, height: 64, channels: 3 } })
      .png()
      .toBuffer();
    const gif = await half().gif().toBuffer();
    const bomb = await sharp({ create: { width: 9000, height: 9000, channels: 3, background: '#888' } })
      .png()
      .toBuffer();

    await expect(openPhoto(Buffer.from('no picture'))).rejects.toMatchObject({ code: 'unreadable_photo' });
    await expect(openPhoto(gif)).rejects.toMatchObject({
      code: 'unreadable_photo',
      remedy: 'JPEG, PNG, WebP, TIFF and AVIF are read.',
    });
    await expect(openPhoto(whole.subarray(0, 200))).rejects.toMatchObject({ code: 'unreadable_photo' });
    await expect(openPhoto(bomb)).rejects.toMatchObject({
      code: 'photo_too_large',
      message: 'The photograph has more than 64 megapixels.',
    });
  });
});

describe('the sides at which a network sees a picture', () => {
  it.each([
    [{ width: 64, height: 64 }, 64, 16, { width: 64, height: 64 }],
    [{ width: 3000, height: 2000 }, 64, 16, { width: 96, height: 64 }],
    [{ width: 2000, height: 3000 }, 64, 16, { width: 64, height: 96 }],
    [{ width: 1920, height: 1080 }, 64, 16, { width: 112, height: 64 }], // 113.8 in proportion
    [{ width: 1920, height: 1080 }, 64, 32, { width: 128, height: 64 }],
    [{ width: 10, height: 7 }, 64, 16, { width: 96, height: 64 }], // 91.4 in proportion
    [{ width: 50_000, height: 10 }, 64, 16, { width: 1024, height: 64 }],
    [{ width: 300, height: 200 }, 48, 32, { width: 96, height: 64 }],
  ])('of %j after training at %i, in steps of %i, are %j', (sides, imageSize, multiple, expected) => {
    expect(networkSides(sides, imageSize, multiple)).toEqual(expected);
  });

  it('show it the lightness of training images, transparent parts on white as there', async () => {
    const picture = gradient(64, 48);
    const clear = { ...picture, alpha: new Uint8Array(64 * 48) };

    expect(await lightnessAt(picture, { width: 64, height: 48 })).toEqual(srgbToLab8(picture.rgb, 64 * 48).l);
    expect(await lightnessAt(picture, { width: 32, height: 16 })).toHaveLength(32 * 16);
    expect(new Set(await lightnessAt(clear, { width: 32, height: 16 }))).toEqual(new Set([255]));
  });
});

describe('a painted picture', () => {
  it('keeps its own lightness at full size and takes the colours, pixel centres at halves', () => {
    const picture = grey(200, 130);
    const ab = Float32Array.of(-20, 5, 20, 5, -20, 15, 20, 15); // 2 x 2: a rises to the right, b downwards

    const painted = paintPicture(picture, ab, { width: 2, height: 2 });

    const original = srgbToLab(picture.rgb, 200 * 130);
    const { l, ab: colors } = srgbToLab(painted, 200 * 130);
    for (const [x, y] of [
      [0, 0],
      [50, 40],
      [100, 64],
      [100, 65],
      [199, 129],
    ] as const) {
      const pixel = y * 200 + x;
      const share = (at: number, side: number) => Math.min(1, Math.max(0, ((at + 0.5) * 2) / side - 0.5));
      expect(l[pixel]).toBeCloseTo(original.l[pixel]!, 0);
      expect(colors[pixel * 2]! / 10).toBeCloseTo((-20 + 40 * share(x, 200)) / 10, 0.5);
      expect(colors[pixel * 2 + 1]! / 10).toBeCloseTo((5 + 10 * share(y, 130)) / 10, 0.5);
    }
  });

  it('keeps its transparency as PNG, and is on white as JPEG', async () => {
    const photo = { ...gradient(16, 16), alpha: new Uint8Array(16 * 16).fill(128) };

    const png = await openPhoto(await encodePicture(photo, 'png'));
    const jpeg = await openPhoto(await encodePicture(photo, 'jpeg'));

    expect([png.rgb, png.alpha]).toEqual([photo.rgb, photo.alpha]);
    expect(jpeg.alpha).toBeUndefined();
    expect(jpeg.rgb[0]).toBeGreaterThan(120); // half of 0, half of 255
  });

  it.each([
    ['jpeg', 'jpeg'],
    ['jpeg', 'png'],
    ['png', 'png'],
    ['webp', 'png'],
    ['avif', 'png'],
  ] as const)('keeps what was written about a %s as %s, and stands upright', async (from, to) => {
    const { rgb } = gradient(40, 20);
    const photo = await sharp(rgb, { raw: { width: 40, height: 20, channels: 3 } })
      .withExif({
        IFD0: { Copyright: 'Rosa Maler', Artist: 'Rosa' },
        IFD2: { DateTimeOriginal: '2020:01:02 03:04:05' },
        IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 3230/100' },
      })
      .withMetadata({ orientation: from === 'avif' ? 1 : 6 })
      .toFormat(from)
      .toBuffer();

    const encoded = await encodePicture(await openPhoto(photo), to);

    const { width, height, orientation, exif } = await sharp(encoded).metadata();
    expect([width, height, orientation]).toEqual(from === 'avif' ? [40, 20, 1] : [20, 40, 1]);
    const text = exif?.toString('latin1');
    for (const word of ['Rosa Maler', 'Rosa', '2020:01:02 03:04:05', 'N\0']) expect(text).toContain(word);
    expect((await openPhoto(encoded)).exif).toEqual((await openPhoto(photo)).exif);
  });

  it('is encoded as PNG without loss, or as JPEG', async () => {
    const picture = gradient(30, 20);

    const png = await encodePicture(picture, 'png');
    const jpeg = await encodePicture(picture, 'jpeg');

    expect(await openPhoto(png)).toEqual({ ...picture, rgb: Buffer.from(picture.rgb) });
    expect((await sharp(jpeg).metadata()).format).toBe('jpeg');
    const back = (await openPhoto(jpeg)).rgb;
    expect(Math.max(...back.map((value, index) => Math.abs(value - picture.rgb[index]!)))).toBeLessThan(16);
  });
});

/** Two greys, the first of them half transparent. */
const half = () =>
  sharp(Uint8Array.of(90, 90, 90, 128, 200, 200, 200, 255), { raw: { width: 2, height: 1, channels: 4 } });

/** A grey TIFF of one row, by its fields (TIFF 6.0): sharp writes none with such numbers. */
function floatTiff(row: number[]): Uint8Array {
  const sampleFormatFloat = [339, 3] as const;
  const dataStart = 8 + 2 + 10 * 12 + 4;
  const fields = [
    [256, row.length],
    [257, 1],
    [258, 32],
    [259, 1],
    [262, 1],
    [273, dataStart],
    [277, 1],
    [278, 1],
    [279, row.length * 4],
    sampleFormatFloat,
  ] as const;
  const file = Buffer.alloc(dataStart + row.length * 4);
  file.write('II*\0\x08', 'latin1');
  file.writeUInt16LE(fields.length, 8);
  fields.forEach(([tag, value], index) => {
    const at = 10 + index * 12;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(4, at + 2); // LONG
    file.writeUInt32LE(1, at + 4);
    file.writeUInt32LE(value, at + 8);
  });
  row.forEach((value, index) => file.writeFloatLE(value, dataStart + index * 4));
  return file;
}

function gradient(width: number, height: number): Picture {
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    rgb.set([(x * 255) / width, (y * 255) / height, 100], pixel * 3);
  }
  return { rgb, width, height };
}

function grey(width: number, height: number): Picture {
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    rgb.fill(100 + (pixel % width) / 4, pixel * 3, pixel * 3 + 3);
  }
  return { rgb, width, height };
}
