import { describe, expect, test } from 'vitest';
import { binCenters, encodeBins, makeBins } from './bins.js';
import { srgbToAb } from './gamut.js';

describe('bins that sRGB can reach', () => {
  test.each([
    [5, 969],
    [8, 395],
    [10, 261],
    [12, 190],
    [15, 126],
    [16, 110],
    [20, 77],
    [25, 51],
    [30, 40],
    [40, 23],
  ])('at grid size %d there are %d', (gridSize, count) => {
    expect(binCenters(gridSize, 'gamut').a).toHaveLength(count);
  });

  test('are those that all 16,777,216 colours touch, for every grid size', () => {
    const touched = touchedHalfUnits();

    for (let gridSize = 5; gridSize <= 40; gridSize++) {
      const { a, b } = binCenters(gridSize, 'gamut');
      const centers = Array.from(a, (value, bin) => `${value},${b[bin]}`);
      expect(new Set(centers)).toEqual(cellsOf(touched, gridSize));
    }
  });
});

describe('bins', () => {
  test('fill the square of the report: 625 at grid size 10, from -120 to 120', () => {
    const { a, b } = binCenters(10, 'square');

    expect(a).toHaveLength(625);
    expect([Math.min(...a), Math.max(...a), Math.min(...b), Math.max(...b)]).toEqual([-120, 120, -120, 120]);
  });

  test.each([
    [10, 'gamut'],
    [7, 'gamut'],
    [40, 'gamut'],
    [10, 'square'],
    [33, 'square'],
  ] as const)('of size %d (%s) have grey as a centre, and encode it exactly', (gridSize, set) => {
    const bins = makeBins(gridSize, set);
    const [grey] = encodeBins(Uint8Array.of(128, 128), bins);

    expect([bins.a[grey!], bins.b[grey!]]).toEqual([0, 0]);
  });

  test('are ordered by a, then b, without repetition', () => {
    const { a, b } = binCenters(10, 'gamut');
    const keys = Array.from(a, (value, bin) => value * 1000 + b[bin]!);

    expect(keys).toEqual([...keys].sort((one, other) => one - other));
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('take in every colour within half a grid size where sRGB reaches', () => {
    const bins = makeBins(10, 'gamut');

    for (const [red, green, blue] of [
      [255, 0, 0],
      [0, 0, 255],
      [34, 139, 34],
      [135, 206, 235],
    ] as const) {
      const [a, b] = srgbToAb(red, green, blue);
      const [bin] = encodeBins(Uint8Array.of(Math.round(a) + 128, Math.round(b) + 128), bins);

      expect(Math.abs(bins.a[bin!]! - a)).toBeLessThanOrEqual(5.5);
      expect(Math.abs(bins.b[bin!]! - b)).toBeLessThanOrEqual(5.5);
    }
  });

  test('give a colour outside the set to the nearest bin', () => {
    const bins = makeBins(10, 'gamut');
    const [bin] = encodeBins(Uint8Array.of(255, 128), bins); // a = 127, b = 0
    const distance = (index: number) => (bins.a[index]! - 127) ** 2 + bins.b[index]! ** 2;

    expect(distance(bin!)).toBe(Math.min(...Array.from(bins.a, (_, index) => distance(index))));
  });

  test.each([[4], [10.5], [NaN]])('of size %d are refused', (gridSize) => {
    expect(() => makeBins(gridSize, 'gamut')).toThrow('at least 5 ab units');
  });
});

describe('ab of sRGB', () => {
  // scikit-image 0.19.3
  test.each([
    [255, 0, 0, 80.092308, 67.202751],
    [0, 255, 0, -86.18303, 83.179703],
    [0, 0, 255, 79.185591, -107.8573],
    [255, 255, 255, -0.002455, 0.004653],
    [11, 10, 10, 0.267993, 0.094818],
    [12, 34, 56, 0.12139, -16.831648],
  ])('of %d, %d, %d is scikit-image’s', (red, green, blue, a, b) => {
    const [ourA, ourB] = srgbToAb(red, green, blue);

    expect(ourA).toBeCloseTo(a, 4);
    expect(ourB).toBeCloseTo(b, 4);
  });
});

/**
 * Squares of half an ab unit that some sRGB colour touches. Edges of centred cells are multiples of half a unit, so the
 * squares tell the cells of every grid size exactly.
 */
function touchedHalfUnits(): Uint8Array {
  const touched = new Uint8Array(512 * 512);
  for (let red = 0; red < 256; red++) {
    for (let green = 0; green < 256; green++) {
      for (let blue = 0; blue < 256; blue++) {
        const [a, b] = srgbToAb(red, green, blue);
        touched[(Math.floor(2 * a) + 256) * 512 + Math.floor(2 * b) + 256] = 1;
      }
    }
  }
  return touched;
}

function cellsOf(touched: Uint8Array, gridSize: number): Set<string> {
  const cells = new Set<string>();
  const center = (index: number) => Math.round(((index - 256) / 2 + 0.25) / gridSize) * gridSize + 0; // + 0: never -0
  touched.forEach((isTouched, index) => {
    if (isTouched) cells.add(`${center(index >> 9)},${center(index & 511)}`);
  });
  return cells;
}
