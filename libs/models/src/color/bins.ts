import { type ClassificationRecipe } from '@chromatune/contracts';
import { gamutCells } from './gamut.js';

export type BinSet = ClassificationRecipe['binSet'];

/** Colour bins: points of the ab plane, ordered by a, then b. (0, 0) is always one of them, so that grey stays grey. */
export interface Bins {
  gridSize: number;
  set: BinSet;
  count: number;
  /** Centres, in ab units. */
  a: Float32Array;
  b: Float32Array;
  /** Bin nearest to each 8-bit colour, at index a8 * 256 + b8; between equally near ones that of the lower index. */
  nearest: Uint16Array;
}

/** Bins of side `gridSize` ab units, an integer of at least 5, with the table that encodes 8-bit ab. */
export function makeBins(gridSize: number, set: BinSet): Bins {
  const { a, b } = binCenters(gridSize, set);
  return { gridSize, set, count: a.length, a, b, nearest: nearestTable(a, b) };
}

/**
 * Centres of the bins, in ab units.
 * `gamut`: cells centred on multiples of the grid size that an 8-bit sRGB colour touches (261 at 10).
 * `square`: all multiples of the grid size from -125 to 125 (625 at 10, the report's number).
 */
export function binCenters(gridSize: number, set: BinSet): { a: Float32Array; b: Float32Array } {
  if (!Number.isInteger(gridSize) || gridSize < 5) {
    throw new RangeError(`The side of a colour bin is an integer of at least 5 ab units, not ${gridSize}.`);
  }
  const cells = set === 'gamut' ? gamutCells(gridSize) : squareCells(gridSize);
  return {
    a: Float32Array.from(cells, ([i]) => i * gridSize),
    b: Float32Array.from(cells, ([, j]) => j * gridSize),
  };
}

/** Bin of each colour. `ab` holds pairs in OpenCV's 8-bit convention; a colour outside the set goes to the nearest bin. */
export function encodeBins(ab: Uint8Array, bins: Pick<Bins, 'nearest'>): Int32Array {
  const encoded = new Int32Array(ab.length / 2);
  for (let pixel = 0; pixel < encoded.length; pixel++) {
    encoded[pixel] = bins.nearest[ab[2 * pixel]! * 256 + ab[2 * pixel + 1]!]!;
  }
  return encoded;
}

function squareCells(gridSize: number): [number, number][] {
  const last = Math.floor(125 / gridSize);
  const steps = Array.from({ length: 2 * last + 1 }, (_, index) => index - last);
  return steps.flatMap((i) => steps.map((j): [number, number] => [i, j]));
}

function nearestTable(a: Float32Array, b: Float32Array): Uint16Array {
  const table = new Uint16Array(256 * 256);
  for (let index = 0; index < table.length; index++) {
    table[index] = nearestBin((index >>> 8) - 128, (index & 255) - 128, a, b);
  }
  return table;
}

function nearestBin(atA: number, atB: number, a: Float32Array, b: Float32Array): number {
  let nearest = 0;
  let least = Infinity;
  for (let bin = 0; bin < a.length; bin++) {
    const distance = (a[bin]! - atA) ** 2 + (b[bin]! - atB) ** 2;
    if (distance < least) {
      least = distance;
      nearest = bin;
    }
  }
  return nearest;
}
