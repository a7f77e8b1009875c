import { type DatasetStatistics } from '@chromatune/contracts';
import { psnrOfImage } from '@chromatune/contracts/psnr';
import { countOutOfGamut } from '../lab/gamut.js';
import { lab8ToSrgb, paintLightness } from '../lab/lab.js';

/** Sums over the pixels of one shard, from which the statistics of all shards follow. */
export interface ColorSums {
  pixels: number;
  a: number;
  b: number;
  chroma: number;
  /** Sum of a² + b². */
  squares: number;
  outOfGamut: number;
  /** See `datasetStatistics`; of 676 cells. */
  histogram: number[];
}

/** Sums over 8-bit Lab pixels. */
export function sumColors(l: Uint8Array, ab: Uint8Array): ColorSums {
  const counts = new Uint32Array(65_536); // of each (a, b), so that the rest is done once a colour, not once a pixel
  for (let index = 0; index < ab.length; index += 2) counts[(ab[index]! << 8) | ab[index + 1]!]!++;

  const sums = { pixels: l.length, a: 0, b: 0, chroma: 0, squares: 0, outOfGamut: countOutOfGamut(l, ab) };
  const histogram = new Array<number>(676).fill(0);
  counts.forEach((count, color) => {
    if (count === 0) return;
    const a = (color >> 8) - 128;
    const b = (color & 255) - 128;
    sums.a += count * a;
    sums.b += count * b;
    sums.squares += count * (a * a + b * b);
    sums.chroma += count * Math.sqrt(a * a + b * b);
    histogram[(Math.floor(a / 10) + 13) * 26 + Math.floor(b / 10) + 13]! += count;
  });
  return { ...sums, histogram };
}

export function addSums(all: ColorSums[]): ColorSums {
  const total = (pick: (sums: ColorSums) => number) => all.reduce((sum, sums) => sum + pick(sums), 0);
  return {
    pixels: total((sums) => sums.pixels),
    a: total((sums) => sums.a),
    b: total((sums) => sums.b),
    chroma: total((sums) => sums.chroma),
    squares: total((sums) => sums.squares),
    outOfGamut: total((sums) => sums.outOfGamut),
    histogram: Array.from({ length: 676 }, (_, cell) => total((sums) => sums.histogram[cell]!)),
  };
}

/** Root of the mean squared error of ab, over pixels and both components, of predicting one colour everywhere. */
export function abRmseOfColor(sums: ColorSums, [a, b]: readonly [number, number]): number {
  const squared = sums.squares - 2 * (a * sums.a + b * sums.b) + sums.pixels * (a * a + b * b);
  return Math.sqrt(Math.max(0, squared) / (2 * sums.pixels));
}

/** Sum over `images` pictures of the PSNR that painting L with one colour reaches. */
export function psnrSumOfColor(
  l: Uint8Array,
  ab: Uint8Array,
  images: number,
  [a, b]: readonly [number, number],
): number {
  const lightness = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const color = Float32Array.from({ length: 512 }, (_, index) => (index % 2 === 0 ? a : b));
  const painted = paintLightness(lightness, color, 256);
  const pixels = l.length / images;
  let sum = 0;
  for (let image = 0; image < images; image++) {
    const from = image * pixels;
    const truth = lab8ToSrgb(l.subarray(from), ab.subarray(from * 2), pixels);
    let squared = 0;
    for (let pixel = 0; pixel < pixels; pixel++) {
      const shade = l[from + pixel]! * 3;
      for (let channel = 0; channel < 3; channel++) {
        const error = truth[pixel * 3 + channel]! - painted[shade + channel]!;
        squared += error * error;
      }
    }
    sum += psnrOfImage(squared, pixels * 3);
  }
  return sum;
}

/** What the manifest says of the colours. Numbers are rounded, so that no last bit of a sum can change a digest. */
export function statisticsOf(sums: {
  train: ColorSums;
  validation: ColorSums;
  all: ColorSums;
  meanAb: readonly [number, number];
  psnr: { grey: number; meanColor: number };
}): DatasetStatistics {
  const { train, validation, all, meanAb } = sums;
  return {
    abHistogram: train.histogram,
    meanAb: [meanAb[0], meanAb[1]],
    meanChroma: rounded(train.chroma / train.pixels),
    baselines: {
      grey: { abRmse: rounded(abRmseOfColor(validation, [0, 0])), psnr: rounded(sums.psnr.grey) },
      meanColor: { abRmse: rounded(abRmseOfColor(validation, meanAb)), psnr: rounded(sums.psnr.meanColor) },
    },
    outOfGamutShare: rounded(all.outOfGamut / all.pixels),
  };
}

export const rounded = (value: number) => Number(value.toFixed(6));
