import { stream } from '@chromatune/random';
import asc from 'assemblyscript/asc';
import { describe, expect, test } from 'vitest';
import { labOf } from '../color/lab.js';
import { colorfulness } from './colorfulness.js';
import { deltaE2000, deltaE76, PictureKernel } from './picture-kernel.js';

test('the kernel is what its source in assembly/ compiles to (vitest -u compiles it)', async () => {
  const bytes = Buffer.from(await compile());

  await expect(`// Compiled from assembly/ by picture-kernel.spec.ts, as base64.
export const wasmBase64 =
  '${bytes.toString('base64')}';
`).toMatchFileSnapshot('picture-kernel.wasm.ts');
});

// It takes pixels by twos, fours and eights: pictures whose pixels, rows and windows are no multiples of those.
describe.each([11, 13, 24, 33])('pictures of %i x %i', (size) => {
  const kernel = new PictureKernel(size);
  const pixels = size * size;
  const random = stream(size, 'picture kernel');
  kernel.truthRgb.forEach((_, at, rgb) => (rgb[at] = random.integer(256)));
  kernel.predictedRgb.forEach(
    (_, at, rgb) => (rgb[at] = Math.min(255, kernel.truthRgb[at]! + random.integer(30))),
  );
  const compared = kernel.compareRgb();

  test('differ by the mean of the differences of their pixels', () => {
    const sums = { deltaE76: 0, deltaE2000: 0, squaredError: 0 };
    for (let at = 0; at < 3 * pixels; at += 3) {
      const [one, other] = [pixelOf(kernel.predictedRgb, at), pixelOf(kernel.truthRgb, at)];
      sums.deltaE76 += deltaE76(labOf(...one), labOf(...other));
      sums.deltaE2000 += deltaE2000(labOf(...one), labOf(...other));
      sums.squaredError += one.reduce((sum, value, channel) => sum + (value - other[channel]!) ** 2, 0);
    }

    expect(compared.squaredError).toBe(sums.squaredError);
    expect(compared.deltaE76 / pixels).toBeCloseTo(sums.deltaE76 / pixels, 5);
    expect(compared.deltaE2000 / pixels).toBeCloseTo(sums.deltaE2000 / pixels, 5);
  });

  test('have the colourfulness of the formula', () => {
    for (const [rgb, sums] of [
      [kernel.predictedRgb, compared.predicted],
      [kernel.truthRgb, compared.truth],
    ] as const) {
      const opponents = Array.from({ length: pixels }, (_, pixel) => {
        const [red, green, blue] = pixelOf(rgb, 3 * pixel);
        return { rg: red - green, yb: (red + green) / 2 - blue };
      });
      const [rg, yb] = [opponents.map(({ rg }) => rg), opponents.map(({ yb }) => yb)];
      const absolute = [rg.map(Math.abs), yb.map(Math.abs)] as const;

      expect(colorfulness(sums, pixels).signed).toBeCloseTo(asDefined(rg, yb), 9);
      expect(colorfulness(sums, pixels).unsigned).toBeCloseTo(asDefined(...absolute), 9);
    }
  });

  test('have the structural similarity of their windows', () => {
    expect(kernel.ssim()).toBeCloseTo(meanOfWindows(kernel.predictedRgb, kernel.truthRgb, size), 6);
  });

  test('are equal to themselves', () => {
    const same = new PictureKernel(size);
    same.truthRgb.set(kernel.truthRgb);
    same.predictedRgb.set(kernel.truthRgb);

    expect(same.ssim()).toBe(1);
    expect(same.compareRgb()).toMatchObject({ squaredError: 0, deltaE76: 0, deltaE2000: 0 });
  });
});

test('flat pictures, in which no rounding cancels, differ by ΔE76 to 2e-4 and by SSIM to 1e-4', () => {
  const kernel = new PictureKernel(13);
  const random = stream(0, 'flat pictures');
  for (let pair = 0; pair < 300; pair++) {
    const [one, other] = [0, 1].map(
      () => [0, 1, 2].map(() => random.integer(256)) as [number, number, number],
    );
    kernel.predictedRgb.forEach((_, at, rgb) => (rgb[at] = one![at % 3]!));
    kernel.truthRgb.forEach((_, at, rgb) => (rgb[at] = other![at % 3]!));
    const [lab, otherLab] = [labOf(...one!), labOf(...other!)];
    const distance = Math.hypot(...lab.map((value, axis) => value - otherLab[axis]!));
    const c1 = (0.01 * 255) ** 2;
    const similarity = meanOf(
      one!.map((x, channel) => {
        const y = other![channel]!;
        return (2 * x * y + c1) / (x * x + y * y + c1);
      }),
    );

    expect(Math.abs(kernel.compareRgb().deltaE76 / 13 ** 2 - distance)).toBeLessThan(2e-4);
    expect(Math.abs(kernel.ssim() - similarity)).toBeLessThan(1e-4);
  }
});

async function compile(): Promise<Uint8Array> {
  let bytes: Uint8Array | null = null;
  const options = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--enable', 'simd'];
  const { error, stderr } = await asc.main(
    [
      'index.ts',
      '--baseDir',
      `${import.meta.dirname}/../../assembly`,
      '--outFile',
      'kernel.wasm',
      ...options,
    ],
    { writeFile: (_name, contents) => void (bytes = contents as Uint8Array) },
  );
  if (error || !bytes) throw new Error(stderr.toString());
  return bytes;
}

const pixelOf = (rgb: Uint8Array, at: number): [number, number, number] => [
  rgb[at]!,
  rgb[at + 1]!,
  rgb[at + 2]!,
];

const meanOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const varianceOf = (values: number[]) => meanOf(values.map((value) => (value - meanOf(values)) ** 2));

const asDefined = (rg: number[], yb: number[]) =>
  Math.sqrt(varianceOf(rg) + varianceOf(yb)) + 0.3 * Math.hypot(meanOf(rg), meanOf(yb));

/** Equation 13 of Wang et al. 2004 for each window of each channel, by two nested loops. */
function meanOfWindows(one: Uint8Array, other: Uint8Array, size: number): number {
  const bell = Array.from({ length: 11 }, (_, at) => Math.exp(-((at - 5) ** 2) / (2 * 1.5 ** 2)));
  const total = bell.reduce((sum, value) => sum + value, 0);
  const similarities: number[] = [];
  for (let first = 0; first <= (size - 10) * size * 3 - 30; first++) {
    if (first % (3 * size) >= 3 * (size - 10)) continue;
    let [x, y, xx, yy, xy] = [0, 0, 0, 0, 0];
    for (let place = 0; place < 121; place++) {
      const [row, column] = [Math.floor(place / 11), place % 11];
      const weight = (bell[row]! * bell[column]!) / total ** 2;
      const at = first + 3 * (row * size + column);
      const [p, q] = [one[at]!, other[at]!];
      [x, y] = [x + weight * p, y + weight * q];
      [xx, yy, xy] = [xx + weight * p * p, yy + weight * q * q, xy + weight * p * q];
    }
    const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
    similarities.push(
      ((2 * x * y + c1) * (2 * (xy - x * y) + c2)) / ((x * x + y * y + c1) * (xx - x * x + yy - y * y + c2)),
    );
  }
  return meanOf(similarities);
}
