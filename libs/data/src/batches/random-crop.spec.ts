import { expect, test } from 'vitest';
import { enlargeBytes } from '../pictures/enlarge.js';
import { cropEach } from './random-crop.js';

const size = 16;
const places = [0, 1, 2, 3].map((row) => ({ shard: 0, row, id: row }));
/** L says the column, a the row. */
const batch = {
  l: Uint8Array.from({ length: 4 * size * size }, (_, pixel) => pixel % size),
  ab: Uint8Array.from({ length: 4 * size * size * 2 }, (_, at) =>
    at % 2 ? 128 : Math.floor((at / 2 / size) % size),
  ),
  images: 4,
  size,
};

test('cuts squares of the wanted side, L and ab alike, other ones in each epoch', () => {
  const corners = [1, 2].map((epoch) => {
    const { l, ab } = cropEach(batch, places, { share: 0.5, size: 8, seed: 3, epoch });
    return places.map((_, image) => {
      const [x, y] = [l[image * 64]!, ab[image * 128]!];
      expect(l[image * 64 + 7]).toBe(x + 7);
      expect(ab[image * 128 + 7 * 8 * 2]).toBe(y + 7);
      return `${x},${y}`;
    });
  });

  expect(new Set(corners.flat()).size).toBeGreaterThan(4);
  expect(corners[0]).not.toEqual(corners[1]);
});

test('depends on the row, not on the batch it is in', () => {
  const options = { share: 0.5, size: 8, seed: 3, epoch: 1 };
  const whole = cropEach(batch, places, options);
  const alone = cropEach(
    { l: batch.l.slice(2 * 256, 3 * 256), ab: batch.ab.slice(2 * 512, 3 * 512), images: 1, size },
    [places[2]!],
    options,
  );

  expect(alone.l).toEqual(whole.l.slice(2 * 64, 3 * 64));
  expect(alone.ab).toEqual(whole.ab.slice(2 * 128, 3 * 128));
});

test('brings a smaller square back to the wanted size', () => {
  const { l } = cropEach(batch, places, { share: 0.5, size, seed: 3, epoch: 1 });

  expect(l).toHaveLength(4 * size * size);
  expect(l[15]! - l[0]!).toBe(7);
});

test('enlarges as PyTorch’s bilinear interpolation with align_corners=False', () => {
  const large = enlargeBytes(Uint8Array.of(0, 100, 0, 100), { channels: 1, from: 2, to: 4 });

  expect([...large.slice(0, 4)]).toEqual([0, 25, 75, 100]);
});
