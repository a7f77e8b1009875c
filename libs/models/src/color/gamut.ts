/**
 * a and b of an 8-bit sRGB colour, with scikit-image's constants (its `rgb2lab`, D65). libs/data converts whole images;
 * here only the outline of sRGB in the ab plane is wanted.
 */
export function srgbToAb(red: number, green: number, blue: number): [a: number, b: number] {
  const [r, g, b] = [linear[red]!, linear[green]!, linear[blue]!];
  const x = labCurve((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.95047);
  const y = labCurve(0.212671 * r + 0.71516 * g + 0.072169 * b);
  const z = labCurve((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883);
  return [500 * (x - y), 200 * (y - z)];
}

/**
 * The centred cells of side `gridSize` (an integer) that some sRGB colour touches: pairs (i, j) for the cell
 * [i - ½, i + ½) x [j - ½, j + ½) times `gridSize` in the ab plane, ordered by i, then j.
 *
 * Only the 196,608 colours with a component of 255 are looked at. Dimming a colour moves it straight towards grey in
 * the ab plane, so they make the outline, and for cells of 5 units and more they touch every cell that all 2^24
 * colours touch (checked for each grid size in bins.spec.ts).
 */
export function gamutCells(gridSize: number): [i: number, j: number][] {
  brightest ??= brightestColors();
  const cells = new Map<number, [number, number]>();
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

const linear = Float64Array.from({ length: 256 }, (_, value) => {
  const c = value / 255;
  return c > 0.04045 ? ((c + 0.055) / 1.055) ** 2.4 : c / 12.92;
});

const labCurve = (t: number) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
