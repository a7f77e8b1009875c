import { type ClassificationRecipe } from '@chromatune/contracts';
import { gamutCells } from './gamut.js';

export type BinSet = ClassificationRecipe['binSet'];

/**
 * Colour bins: points of the ab plane, ordered by a, then b. (0, 0) is one of them, so that grey stays grey; only the
 * `corner` set has none there.
 */
export interface Bins {
  gridSize: number;
  set: BinSet;
  count: number;
  /** Centres, in ab units. */
  a: Float32Array;
  b: Float32Array;
  /**
   * Bin of each 8-bit colour, at index a8 * 256 + b8: the nearest one, of equally near ones that of the lower index. Of
   * the `corner` set the cell that holds the colour, or that at the border beside it.
   */
  binOf: Uint16Array;
}

/** Bins of side `gridSize` ab units, an integer of at least 5, with the table that encodes 8-bit ab. */
export function makeBins(gridSize: number, set: BinSet): Bins {
  const { a, b } = binCenters(gridSize, set);
  const binOf = set === 'corner' ? cornerTable(gridSize) : nearestTable(a, b);
  return { gridSize, set, count: a.length, a, b, binOf };
}

/**
 * Centres of the bins, in ab units.
 * `gamut`: cells centred on multiples of the grid size that an 8-bit sRGB colour touches (261 at 10).
 * `square`: all multiples of the grid size from -125 to 125 (625 at 10, the report's number).
 * `full`: ceil(256 / grid size)² multiples of the grid size around 0, one more below it than above where the number of
 * steps is even (676 at 10, from -130 to 120).
 * `zhang-313`: the bins of Zhang et al. 2016; their grid size is 10 alone.
 * `corner`: the report's literal cells, floor(a8 / grid size) of 8-bit a and of b, 625 of them at 10. Neutral grey, 128, lies
 * off the centre of its cell, which at 10 is the 125 of [120, 130). So this set alone shows grey as -3, -3.
 */
export function binCenters(gridSize: number, set: BinSet): { a: Float32Array; b: Float32Array } {
  if (!Number.isInteger(gridSize) || gridSize < 5) {
    throw new RangeError(`The side of a colour bin is an integer of at least 5 ab units, not ${gridSize}.`);
  }
  const centers = centersOf[set](gridSize);
  return { a: Float32Array.from(centers, ([a]) => a), b: Float32Array.from(centers, ([, b]) => b) };
}

/** Bin of each colour. `ab` holds pairs in OpenCV's 8-bit convention. */
export function encodeBins(ab: Uint8Array, bins: Pick<Bins, 'binOf'>): Int32Array {
  const encoded = new Int32Array(ab.length / 2);
  for (let pixel = 0; pixel < encoded.length; pixel++) {
    encoded[pixel] = bins.binOf[ab[2 * pixel]! * 256 + ab[2 * pixel + 1]!]!;
  }
  return encoded;
}

type Centers = [a: number, b: number][];

const centersOf: Record<BinSet, (gridSize: number) => Centers> = {
  gamut: (gridSize) => gamutCells(gridSize).map(([i, j]) => [i * gridSize, j * gridSize]),
  square: (gridSize) => {
    const last = Math.floor(125 / gridSize);
    return squareOf(multiples(gridSize, -last, last));
  },
  full: (gridSize) => {
    const steps = Math.ceil(256 / gridSize);
    const first = -Math.floor(steps / 2);
    return squareOf(multiples(gridSize, first, first + steps - 1));
  },
  corner: (gridSize) =>
    squareOf(multiples(gridSize, 0, cornerSteps(gridSize) - 1).map((edge) => edge + gridSize / 2 - 128)),
  'zhang-313': (gridSize) => {
    if (gridSize !== 10) {
      throw new RangeError(`The 313 bins of Zhang et al. have a grid size of 10, not ${gridSize}.`);
    }
    return zhangRows.flatMap(([a, first, last]) =>
      multiples(10, first / 10, last / 10).map((b): [number, number] => [a, b]),
    );
  },
};

/**
 * The 313 bins of Zhang et al. 2016 (their pts_in_hull.npy), which no published rule gives: for each a, the first and the
 * last b of an unbroken row of multiples of 10.
 */
const zhangRows: [a: number, firstB: number, lastB: number][] = [
  [-90, 50, 90],
  [-80, 20, 90],
  [-70, 0, 90],
  [-60, -20, 90],
  [-50, -30, 100],
  [-40, -40, 100],
  [-30, -50, 100],
  [-20, -50, 100],
  [-10, -60, 100],
  [0, -70, 100],
  [10, -80, 90],
  [20, -80, 90],
  [30, -90, 90],
  [40, -100, 90],
  [50, -100, 80],
  [60, -110, 80],
  [70, -110, 80],
  [80, -110, 70],
  [90, -110, 70],
  [100, -90, 0],
];

const multiples = (gridSize: number, first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, step) => (first + step) * gridSize);

const squareOf = (values: number[]): Centers =>
  values.flatMap((a) => values.map((b): [number, number] => [a, b]));

/** Of 8-bit a or b: the report's 25 at a grid size of 10, which reach up to 250, and at any size up to sRGB's largest, 226. */
const cornerSteps = (gridSize: number) => Math.max(Math.floor(250 / gridSize), Math.ceil(227 / gridSize));

function cornerTable(gridSize: number): Uint16Array {
  const steps = cornerSteps(gridSize);
  const step = (value: number) => Math.min(steps - 1, Math.floor(value / gridSize));
  return Uint16Array.from({ length: 256 * 256 }, (_, color) => step(color >>> 8) * steps + step(color & 255));
}

function nearestTable(a: Float32Array, b: Float32Array): Uint16Array {
  const table = new Uint16Array(256 * 256);
  const rows = rowsOf(a);
  for (let a8 = 0; a8 < 256; a8++) {
    const nearRows = rows
      .map(({ first, end }) => ({ first, end, across: (a[first]! - (a8 - 128)) ** 2 }))
      .sort((one, other) => one.across - other.across);
    for (let b8 = 0; b8 < 256; b8++) table[a8 * 256 + b8] = nearestBin(b8 - 128, nearRows, b);
  }
  return table;
}

/** Bins `first` to `end` - 1 have one a. */
interface Row {
  first: number;
  end: number;
}

function rowsOf(a: Float32Array): Row[] {
  const firsts = [...a.keys()].filter((bin) => bin === 0 || a[bin] !== a[bin - 1]);
  return firsts.map((first, row) => ({ first, end: firsts[row + 1] ?? a.length }));
}

/** Rows that are farther off than the nearest bin so far cannot hold a nearer one. `across`: squared distance in a. */
function nearestBin(atB: number, nearRows: (Row & { across: number })[], b: Float32Array): number {
  let nearest = 0;
  let least = Infinity;
  for (const { first, end, across } of nearRows) {
    if (across > least) break;
    for (let bin = first; bin < end; bin++) {
      const distance = across + (b[bin]! - atB) ** 2;
      if (distance < least || (distance === least && bin < nearest)) {
        nearest = bin;
        least = distance;
      }
    }
  }
  return nearest;
}
