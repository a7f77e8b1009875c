import { describe, expect, it } from 'vitest';
import { stream } from '@chromatune/random';
import { countOutOfGamut } from './gamut.js';
import { lab8ToSrgb, labToSrgb, paintLightness, srgbToLab, srgbToLab8 } from './lab.js';

/** name, RGB, Lab of scikit-image 0.19.3, ideally rounded 8-bit Lab, that of OpenCV 4.6, and OpenCV's way back. */
const references: [string, number[], number[], number[], number[], number[]][] = [
  ['black', [0, 0, 0], [0, 0, 0], [0, 128, 128], [0, 128, 128], [0, 0, 0]],
  ['white', [255, 255, 255], [100, -0.002455, 0.004653], [255, 128, 128], [255, 128, 128], [255, 255, 255]],
  ['red', [255, 0, 0], [53.240588, 80.092308, 67.202751], [136, 208, 195], [136, 208, 195], [255, 2, 1]],
  ['green', [0, 255, 0], [87.735099, -86.18303, 83.179703], [224, 42, 211], [224, 42, 211], [7, 255, 3]],
  ['blue', [0, 0, 255], [32.295673, 79.185591, -107.8573], [82, 207, 20], [82, 207, 20], [0, 1, 255]],
  ['cyan', [0, 255, 255], [91.113301, -48.090596, -14.12633], [232, 80, 114], [233, 80, 114], [12, 255, 255]],
  [
    'magenta',
    [255, 0, 255],
    [60.323507, 98.233054, -60.821015],
    [154, 226, 67],
    [154, 226, 67],
    [255, 5, 255],
  ],
  [
    'yellow',
    [255, 255, 0],
    [97.139507, -21.554681, 94.478122],
    [248, 106, 222],
    [248, 106, 223],
    [255, 255, 0],
  ],
  [
    'grey 128',
    [128, 128, 128],
    [53.585013, -0.001473, 0.002791],
    [137, 128, 128],
    [137, 128, 128],
    [128, 128, 128],
  ],
  [
    'grey 119',
    [119, 119, 119],
    [50.034439, -0.001398, 0.002649],
    [128, 128, 128],
    [128, 128, 128],
    [119, 119, 119],
  ],
  ['grey 64', [64, 64, 64], [27.093414, -0.000912, 0.001729], [69, 128, 128], [69, 128, 128], [64, 64, 64]],
  ['linear toe', [10, 10, 10], [2.741735, -0.000174, 0.00033], [7, 128, 128], [7, 128, 128], [10, 10, 10]],
  ['toe edge', [11, 10, 10], [2.80153, 0.267993, 0.094818], [7, 128, 128], [7, 128, 128], [10, 10, 10]],
  [
    'skin',
    [224, 172, 105],
    [73.788508, 11.276711, 41.533713],
    [188, 139, 170],
    [188, 139, 169],
    [223, 172, 106],
  ],
  [
    'sky',
    [135, 206, 235],
    [79.207067, -14.841745, -21.272052],
    [202, 113, 107],
    [202, 113, 107],
    [135, 206, 234],
  ],
  ['grass', [34, 139, 34], [50.593295, -49.585777, 45.016836], [129, 78, 173], [129, 79, 173], [37, 139, 34]],
  ['purple', [128, 0, 128], [29.784243, 58.927141, -36.484751], [76, 187, 92], [76, 187, 91], [128, 1, 129]],
  [
    'brick',
    [178, 34, 34],
    [39.117792, 55.916518, 37.649682],
    [100, 184, 166],
    [100, 184, 165],
    [178, 34, 35],
  ],
  ['orange', [255, 165, 0], [74.935715, 23.9324, 78.949695], [191, 152, 207], [191, 152, 207], [255, 165, 0]],
  ['dark blue', [12, 34, 56], [12.656173, 0.12139, -16.831648], [32, 128, 111], [33, 128, 111], [12, 35, 57]],
  [
    'leather',
    [200, 100, 50],
    [53.629508, 36.305164, 45.380472],
    [137, 164, 173],
    [137, 164, 173],
    [200, 101, 51],
  ],
];

describe('Lab', () => {
  it.each(references)("agrees with scikit-image's %s", (_name, rgb, [l, a, b]) => {
    const exact = srgbToLab(Uint8Array.from(rgb), 1);

    expect(Math.abs(exact.l[0]! - l!)).toBeLessThan(1e-5);
    expect(Math.abs(exact.ab[0]! - a!)).toBeLessThan(1e-5);
    expect(Math.abs(exact.ab[1]! - b!)).toBeLessThan(1e-5);
    expect(labToSrgb(exact.l, exact.ab, 1)).toEqual(Uint8Array.from(rgb));
  });

  it.each(references)('rounds %s ideally to 8 bits, and so within a step of OpenCV', (...reference) => {
    const [, rgb, , ideal, opencv] = reference;
    const { l, ab } = srgbToLab8(Uint8Array.from(rgb), 1);

    expect([l[0], ...ab]).toEqual(ideal);
    expectWithinAStep([l[0]!, ...ab], opencv);
  });

  it.each(references)("brings OpenCV's 8-bit %s back as OpenCV does", (...reference) => {
    const [, , , , [l, a, b], back] = reference;

    expectWithinAStep([...lab8ToSrgb(Uint8Array.of(l!), Uint8Array.of(a!, b!), 1)], back);
  });

  it('rounds to 8 bits exactly as the float form does, although it looks up a table', () => {
    const rgb = randomBytes(300_000);
    const rounded = srgbToLab8(rgb, 100_000);
    const exact = srgbToLab(rgb, 100_000);

    for (let pixel = 0; pixel < 100_000; pixel++) {
      expectRounded(rounded.l[pixel]!, exact.l[pixel]! * 2.55);
      expectRounded(rounded.ab[pixel * 2]!, exact.ab[pixel * 2]! + 128);
      expectRounded(rounded.ab[pixel * 2 + 1]!, exact.ab[pixel * 2 + 1]! + 128);
    }
  });

  it('gives back every byte after a round trip through floats', () => {
    const rgb = randomBytes(300_000);
    const { l, ab } = srgbToLab(rgb, 100_000);

    expect(labToSrgb(l, ab, 100_000)).toEqual(rgb);
  });

  it('loses on a round trip through 8 bits what all 2^24 colours lose: 45.6 dB', () => {
    // The sample: every red and green, each with 16 blues, one of each sixteenth.
    const rgb = new Uint8Array(3 * 2 ** 20);
    for (let k = 0; k < 2 ** 20; k++) {
      const [red, green, part] = [k & 255, (k >> 8) & 255, k >> 16];
      rgb.set([red, green, 16 * part + ((7 * red + 11 * green) & 15)], k * 3);
    }
    const { l, ab } = srgbToLab8(rgb, 2 ** 20);
    const { shares, mean, rmse, most } = roundTripErrors(rgb, lab8ToSrgb(l, ab, 2 ** 20));

    // Share of colours whose worst channel is off by 0, 1, 2, 3, and more: 12.7, 62.3, 12.5, 5.1, 7.4 % of all.
    for (const [error, share] of [0.127, 0.623, 0.125, 0.051, 0.074].entries()) {
      expect(Math.abs(shares[error]! - share)).toBeLessThan(0.001);
    }
    expect(mean).toBeCloseTo(0.649, 3);
    expect(rmse).toBeCloseTo(1.336, 2);
    expect(20 * Math.log10(255 / rmse)).toBeCloseTo(45.6, 1);
    expect(most).toBe(26);
  });

  it('paints predicted colours over 8-bit lightness as the 8-bit form would', () => {
    const { l, ab } = srgbToLab8(randomBytes(3000), 1000);

    expect(
      paintLightness(
        l,
        Float32Array.from(ab, (byte) => byte - 128),
        1000,
      ),
    ).toEqual(lab8ToSrgb(l, ab, 1000));
  });

  // Z below 0 counts as 0 and each channel is clipped; scikit-image 0.26 does the same, with a warning.
  it.each([
    [
      [0, -128, 127],
      [0, 48, 0],
    ],
    [
      [100, 127, -128],
      [255, 139, 255],
    ],
    [
      [50, 500, -500],
      [0, 0, 255],
    ],
    [
      [20, 0, 127],
      [67, 46, 0],
    ],
    [
      [5, 50, 100],
      [75, 0, 0],
    ],
    [
      [90, 80, 80],
      [255, 148, 73],
    ],
    [
      [60, -120, 0],
      [0, 183, 142],
    ],
  ])('clips Lab %j, which sRGB does not have, to %j', ([l, a, b], rgb) => {
    expect([...labToSrgb(Float32Array.of(l!), Float32Array.of(a!, b!), 1)]).toEqual(rgb);
  });
});

describe('the count of impossible colours', () => {
  it('is 0 for whatever came from sRGB', () => {
    const { l, ab } = srgbToLab8(randomBytes(300_000), 100_000);

    expect(countOutOfGamut(l, ab)).toBe(0);
  });

  it('finds colours on black and white, and saturated blue that is too light', () => {
    expect(countOutOfGamut(Uint8Array.of(0, 255, 230), Uint8Array.of(150, 150, 150, 150, 207, 20))).toBe(3);
  });
});

function expectRounded(rounded: number, exact: number) {
  // Float32 keeps 7 digits, so an exact half may fall either way.
  if (Math.abs(rounded - exact) > 0.5 + 1e-5) expect(rounded).toBe(Math.round(exact));
}

function expectWithinAStep(found: number[], expected: number[]) {
  expect(Math.max(...found.map((value, index) => Math.abs(value - expected[index]!)))).toBeLessThanOrEqual(1);
}

/** Shares of colours whose worst channel is off by 0, 1, 2, 3 and more; mean, root mean square and most of all channels. */
function roundTripErrors(rgb: Uint8Array, back: Uint8Array) {
  const counts = [0, 0, 0, 0, 0];
  let [sum, squares, most] = [0, 0, 0];
  for (let index = 0; index < rgb.length; index += 3) {
    let worst = 0;
    for (let channel = 0; channel < 3; channel++) {
      const error = Math.abs(back[index + channel]! - rgb[index + channel]!);
      sum += error;
      squares += error * error;
      worst = Math.max(worst, error);
    }
    counts[Math.min(worst, 4)]!++;
    most = Math.max(most, worst);
  }
  const shares = counts.map((count) => count / (rgb.length / 3));
  return { shares, mean: sum / rgb.length, rmse: Math.sqrt(squares / rgb.length), most };
}

function randomBytes(length: number): Uint8Array {
  const random = stream(1, 'lab spec');
  return Uint8Array.from({ length }, () => random.integer(256));
}
