import { labOf } from './lab.js';

/** a and b of an 8-bit sRGB colour. */
export function srgbToAb(red: number, green: number, blue: number): [a: number, b: number] {
  const [, a, b] = labOf(red, green, blue);
  return [a, b];
}

/**
 * The centred cells of side `gridSize` (an integer) that some sRGB colour touches: pairs (i, j) for the cell
 * [i - ½, i + ½) x [j - ½, j + ½) times `gridSize` in the ab plane, ordered by i, then j.
 *
 * Only the 196,608 colours with a component of 255 are looked at. Dimming a colour moves it straight towards grey in
 * the ab plane, so they make the outline, and for cells of 5 units and more they touch every cell that all 2^24
 * colours touch (checked for each grid size in bins.spec.ts).
 */
export function gamutCells(gridSize: number): readonly Cell[] {
  const known = cellsOfSize.get(gridSize);
  if (known) return known;
  const cells = findCells(gridSize);
  cellsOfSize.set(gridSize, cells);
  return cells;
}

type Cell = [i: number, j: number];

/** Describing a thousand networks, as the plan of a sweep does, must not look at all colours a thousand times. */
const cellsOfSize = new Map<number, readonly Cell[]>();

function findCells(gridSize: number): Cell[] {
  brightest ??= brightestColors();
  const cells = new Map<number, Cell>();
  for (let index = 0; index < brightest.length; index += 2) {
    const i = Math.floor(brightest[index]! / gridSize + 0.5);
    const j = Math.floor(brightest[index + 1]! / gridSize + 0.5);
    cells.set(i * 1000 + j, [i, j]);
  }
  return [...cells.values()].sort(([i, j], [k, l]) => i - k || j - l);
}

/** a and b of the colours with a component of 255. */
function brightestColors(): Float64Array {
  const ab: number[] = [];
  for (let u = 0; u < 256; u++) {
    for (let v = 0; v < 256; v++) {
      ab.push(...srgbToAb(255, u, v), ...srgbToAb(u, 255, v), ...srgbToAb(u, v, 255));
    }
  }
  return Float64Array.from(ab);
}

let brightest: Float64Array | null = null;
