import { beforeAll, describe, expect, test } from 'vitest';
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
});

describe('the 16,777,216 colours of sRGB', () => {
  let srgb: ReturnType<typeof allOfSrgb>;
  beforeAll(() => {
    srgb = allOfSrgb();
  });

  test('touch exactly the bins that are said to be reachable, for every grid size', () => {
    for (let gridSize = 5; gridSize <= 40; gridSize++) {
      const { a, b } = binCenters(gridSize, 'gamut');
      const centers = Array.from(a, (value, bin) => `${value},${b[bin]}`);
      expect(new Set(centers)).toEqual(cellsOf(srgb.touched, gridSize));
    }
  });

  test('lie in 262 of the 625 cells of the report', () => {
    const cells = new Set<number>();
    srgb.touched.forEach((isTouched, index) => {
      const cell = (halfUnits: number) => Math.floor(halfUnits / 2 / 10);
      if (isTouched) cells.add(cell(index >> 9) * 25 + cell(index & 511));
    });

    expect(cells.size).toBe(262);
  });

  test('leave some of the 313 bins without a colour, so that a prior has empty bins', () => {
    const { binOf } = makeBins(10, 'zhang-313');

    // Ties are frequent in whole units, and go to the lower index; the other way round, 261 bins are reached.
    expect(new Set(srgb.pairs.map((color) => binOf[color]!)).size).toBe(264);
  });
});

describe('the 313 bins of Zhang et al. 2016', () => {
  const { a, b, count, binOf } = makeBins(10, 'zhang-313');
  const entries = [...a, ...b];

  test('have the checksums of their file', () => {
    expect(count).toBe(313);
    expect(entries.reduce((sum, entry) => sum + entry, 0)).toBe(7000);
    expect([Math.min(...entries), Math.max(...entries)]).toEqual([-110, 100]);
  });

  test('have grey at index 120', () => {
    expect([a[120], b[120]]).toEqual([0, 0]);
    expect(binOf[128 * 256 + 128]).toBe(120);
  });

  test('hold every point of the grid within their convex hull', () => {
    expect(pointsInHull(a, b)).toBe(313);
  });

  test('exist at a grid size of 10 alone', () => {
    expect(() => makeBins(20, 'zhang-313')).toThrow('grid size of 10, not 20');
  });
});

describe('the full square', () => {
  test.each([
    [5, 2704],
    [8, 1024],
    [10, 676],
    [12, 484],
    [15, 324],
    [16, 256],
    [20, 169],
    [25, 121],
    [30, 81],
    [40, 49],
  ])('at grid size %d has %d bins', (gridSize, count) => {
    const { a, b } = binCenters(gridSize, 'full');

    expect(a).toHaveLength(count);
    expect(Array.from(a, (value, bin) => value === 0 && b[bin] === 0)).toContain(true);
  });

  test('takes every colour to a bin within half a grid size, where sRGB reaches', () => {
    for (const gridSize of [7, 10, 16, 33, 40]) {
      const { a, b, binOf } = makeBins(gridSize, 'full');
      const farthest = (a8: number, b8: number) => {
        const bin = binOf[a8 * 256 + b8]!;
        return Math.max(Math.abs(a[bin]! - (a8 - 128)), Math.abs(b[bin]! - (b8 - 128)));
      };
      // The corners of sRGB's 8-bit ab, and grey.
      const distances = [farthest(42, 20), farthest(42, 223), farthest(226, 20), farthest(226, 223)];
      expect(Math.max(...distances)).toBeLessThanOrEqual(gridSize / 2);
      expect(farthest(128, 128)).toBe(0);
    }
  });
});

describe('the corner cells of the report', () => {
  const bins = makeBins(10, 'corner');

  test('are 25² at grid size 10, each of ten 8-bit values of a and of b', () => {
    const cell = (a8: number, b8: number) => encodeBins(Uint8Array.of(a8, b8), bins)[0];

    expect(bins.count).toBe(625);
    expect([cell(0, 0), cell(9, 9), cell(10, 9), cell(120, 129), cell(249, 249)]).toEqual([
      0,
      0,
      25,
      12 * 25 + 12,
      624,
    ]);
    expect(cell(255, 255)).toBe(624); // beyond the last cell
  });

  test('hold every colour of sRGB, at any grid size', () => {
    for (let gridSize = 5; gridSize <= 40; gridSize++) {
      const { a, b, binOf } = makeBins(gridSize, 'corner');
      const bin = binOf[226 * 256 + 223]!; // the largest 8-bit a and b
      expect(Math.max(Math.abs(a[bin]! - 98), Math.abs(b[bin]! - 95))).toBeLessThanOrEqual(gridSize / 2);
    }
  });

  test('show grey 3 units too green and too blue', () => {
    const [grey] = encodeBins(Uint8Array.of(128, 128), bins);

    expect([bins.a[grey!], bins.b[grey!]]).toEqual([-3, -3]);
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
    [10, 'full'],
    [13, 'full'],
    [10, 'zhang-313'],
  ] as const)('of size %d (%s) have grey as a centre, and encode it exactly', (gridSize, set) => {
    const bins = makeBins(gridSize, set);
    const [grey] = encodeBins(Uint8Array.of(128, 128), bins);

    expect([bins.a[grey!], bins.b[grey!]]).toEqual([0, 0]);
  });

  test.each(['gamut', 'square', 'full', 'zhang-313', 'corner'] as const)(
    'of the set %s are ordered by a, then b, without repetition',
    (set) => {
      const { a, b } = binCenters(10, set);
      const keys = Array.from(a, (value, bin) => value * 1000 + b[bin]!);

      expect(keys).toEqual([...keys].sort((one, other) => one - other));
      expect(new Set(keys).size).toBe(keys.length);
    },
  );

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
 * `touched`: squares of half an ab unit that some colour touches. Edges of centred cells are multiples of half a unit, so the
 * squares tell the cells of every grid size exactly. `pairs`: the colours' places in a table of 8-bit ab.
 */
function allOfSrgb(): { touched: Uint8Array; pairs: number[] } {
  const touched = new Uint8Array(512 * 512);
  const isPair = new Uint8Array(256 * 256);
  for (let red = 0; red < 256; red++) {
    for (let green = 0; green < 256; green++) {
      for (let blue = 0; blue < 256; blue++) {
        const [a, b] = srgbToAb(red, green, blue);
        touched[(Math.floor(2 * a) + 256) * 512 + Math.floor(2 * b) + 256] = 1;
        isPair[(Math.round(a) + 128) * 256 + Math.round(b) + 128] = 1;
      }
    }
  }
  return { touched, pairs: [...isPair.keys()].filter((color) => isPair[color]) };
}

function cellsOf(touched: Uint8Array, gridSize: number): Set<string> {
  const cells = new Set<string>();
  const center = (index: number) => Math.round(((index - 256) / 2 + 0.25) / gridSize) * gridSize + 0; // + 0: never -0
  touched.forEach((isTouched, index) => {
    if (isTouched) cells.add(`${center(index >> 9)},${center(index & 511)}`);
  });
  return cells;
}

/** How many points of the grid of 10 lie in the convex hull of the bins: each row from the hull's left to its right. */
function pointsInHull(a: Float32Array, b: Float32Array): number {
  const points = Array.from(a, (value, bin): Point => [value, b[bin]!]);
  let inside = 0;
  for (let x = -120; x <= 120; x += 10) {
    for (let y = -120; y <= 120; y += 10) if (isInHull([x, y], points)) inside++;
  }
  return inside;
}

type Point = [number, number];

/** Not in the hull: all points lie strictly on one side of some line through the point, one of its directions to them. */
function isInHull(point: Point, points: Point[]): boolean {
  const directions = points
    .map(([x, y]): Point => [x - point[0], y - point[1]])
    .filter(([x, y]) => x !== 0 || y !== 0);
  if (directions.length < points.length) return true; // one of them
  const angles = directions.map(([x, y]) => Math.atan2(y, x)).sort((one, other) => one - other);
  const gaps = angles.map((angle, index) => (angles[index + 1] ?? angles[0]! + 2 * Math.PI) - angle);
  return Math.max(...gaps) <= Math.PI + 1e-9;
}
