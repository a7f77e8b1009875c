import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { stream } from '@chromatune/random';
import { areaResize } from './area-resize.js';
import { contactSheet, pngOf } from './png.js';

describe('averaging to smaller images', () => {
  it('takes the mean of whole blocks', () => {
    const image = Uint8Array.of(0, 4, 10, 30, 8, 4, 20, 40, 1, 1, 2, 2, 1, 1, 2, 3);

    expect(areaResize(image, { images: 1, channels: 1, from: 4, to: 2 })).toEqual(Uint8Array.of(4, 25, 1, 2));
  });

  it('weighs pixels that lie across an edge', () => {
    const image = Uint8Array.of(0, 90, 180, 0, 90, 180, 0, 90, 180);

    expect(areaResize(image, { images: 1, channels: 1, from: 3, to: 2 })).toEqual(
      Uint8Array.of(30, 150, 30, 150),
    );
  });

  it('keeps channels and images apart, and the mean of each', () => {
    const random = stream(1, 'pictures spec');
    const image = Uint8Array.from(
      { length: 2 * 224 * 224 * 2 },
      (_, i) => (i % 2 === 0 ? 50 : 150) + random.integer(50),
    );

    const small = areaResize(image, { images: 2, channels: 2, from: 224, to: 64 });

    expect(small).toHaveLength(2 * 64 * 64 * 2);
    for (const channel of [0, 1]) {
      const mean = (bytes: Uint8Array) =>
        bytes.filter((_, i) => i % 2 === channel).reduce((sum, byte) => sum + byte, 0) / (bytes.length / 2);
      expect(mean(small)).toBeCloseTo(mean(image), 0);
    }
    expect(areaResize(image.subarray(224 * 224 * 2), { images: 1, channels: 2, from: 224, to: 64 })).toEqual(
      small.slice(64 * 64 * 2),
    );
  });

  it('leaves flat images flat, whatever the sizes', () => {
    for (const [from, to] of [
      [100, 99],
      [224, 192],
      [17, 16],
    ] as const) {
      const image = new Uint8Array(from * from).fill(201);
      expect(new Set(areaResize(image, { images: 1, channels: 1, from, to }))).toEqual(new Set([201]));
    }
  });

  it('does not enlarge', () => {
    expect(() => areaResize(new Uint8Array(4), { images: 1, channels: 1, from: 2, to: 3 })).toThrow(
      RangeError,
    );
  });
});

describe('PNG', () => {
  it('keeps every pixel, and is the same each time', async () => {
    const random = stream(2, 'pictures spec');
    const rgb = Uint8Array.from({ length: 30 * 20 * 3 }, () => random.integer(256));

    const png = await pngOf(rgb, 30, 20);
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });

    expect([info.width, info.height, info.channels]).toEqual([30, 20, 3]);
    expect(new Uint8Array(data)).toEqual(rgb);
    expect(await pngOf(rgb, 30, 20)).toEqual(png);
  });

  it('of a contact sheet has the tiles in rows, with gaps', async () => {
    const tiles = new Uint8Array(5 * 4 * 4 * 3);
    for (let tile = 0; tile < 5; tile++) tiles.fill(100 + tile, tile * 48, (tile + 1) * 48);

    const { data, info } = await sharp(await contactSheet(tiles, 4, 3))
      .raw()
      .toBuffer({ resolveWithObject: true });

    expect([info.width, info.height]).toEqual([20, 14]);
    const at = (x: number, y: number) => data[(y * 20 + x) * 3];
    expect([at(3, 3), at(9, 3), at(15, 3), at(3, 9), at(9, 9), at(15, 9), at(0, 0)]).toEqual([
      100, 101, 102, 103, 104, 48, 48,
    ]);
  });
});
