import { describe, expect, it } from 'vitest';
import { stream } from '@chromatune/random';
import { countOutOfGamut } from './gamut.js';
import { lab8ToSrgb, labToSrgb, paintLightness, srgbToLab, srgbToLab8 } from './lab.js';

/** name, RGB, Lab of scikit-image 0.19.3, ideally rounded 8-bit Lab. */
const references: [string, number[], number[], number[]][] = [
  ['black', [0, 0, 0], [0, 0, 0], [0, 128, 128]],
  ['white', [255, 255, 255], [100, -0.002455, 0.004653], [255, 128, 128]],
  ['red', [255, 0, 0], [53.240588, 80.092308, 67.202751], [136, 208, 195]],
  ['green', [0, 255, 0], [87.735099, -86.18303, 83.179703], [224, 42, 211]],
  ['blue', [0, 0, 255], [32.295673, 79.185591, -107.8573], [82, 207, 20]],
  ['cyan', [0, 255, 255], [91.113301, -48.090596, -14.12633], [232, 80, 114]],
  ['magenta', [255, 0, 255], [60.323507, 98.233054, -60.821015], [154, 226, 67]],
  ['yellow', [255, 255, 0], [97.139507, -21.554681, 94.478122], [248, 106, 222]],
  ['grey 128', [128, 128, 128], [53.585013, -0.001473, 0.002791], [137, 128, 128]],
  ['grey 119', [119, 119, 119], [50.034439, -0.001398, 0.002649], [128, 128, 128]],
  ['grey 64', [64, 64, 64], [27.093414, -0.000912, 0.001729], [69, 128, 128]],
  ['linear toe', [10, 10, 10], [2.741735, -0.000174, 0.00033], [7, 128, 128]],
  ['toe edge', [11, 10, 10], [2.80153, 0.267993, 0.094818], [7, 128, 128]],
  ['skin', [224, 172, 105], [73.788508, 11.276711, 41.533713], [188, 139, 170]],
  ['sky', [135, 206, 235], [79.207067, -14.841745, -21.272052], [202, 113, 107]],
  ['grass', [34, 139, 34], [50.593295, -49.585777, 45.016836], [129, 78, 173]],
  ['purple', [128, 0, 128], [29.784243, 58.927141, -36.484751], [76, 187, 92]],
  ['brick', [178, 34, 34], [39.117792, 55.916518, 37.649682], [100, 184, 166]],
  ['orange', [255, 165, 0], [74.935715, 23.9324, 78.949695], [191, 152, 207]],
  ['dark blue', [12, 34, 56], [12.656173, 0.12139, -16.831648], [32, 128, 111]],
  ['leather', [200, 100, 50], [53.629508, 36.305164, 45.380472], [137, 164, 173]],
];

describe('Lab', () => {
  it.each(references)("agrees with scikit-image's %s", (_name, rgb, [l, a, b], lab8) => {
    const exact = srgbToLab(Uint8Array.from(rgb), 1);
    expect(
      [exact.l[0], exact.ab[0], exact.ab[1]].every((value, i) => Math.abs(value! - [l!, a!, b!][i]!) < 1e-4),
    ).toBe(true);

    const rounded = srgbToLab8(Uint8Array.from(rgb), 1);
    expect([rounded.l[0], ...rounded.ab]).toEqual(lab8);
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

  it('loses little on a round trip through 8 bits: 0.65 steps in the mean, 26 at most', () => {
    const rgb = randomBytes(300_000);
    const { l, ab } = srgbToLab8(rgb, 100_000);
    const back = lab8ToSrgb(l, ab, 100_000);

    const errors = back.map((byte, index) => Math.abs(byte - rgb[index]!));
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeCloseTo(0.649, 1);
    expect(Math.max(...errors.slice(0, 100_000))).toBeLessThanOrEqual(26);
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

  it('survives colours far outside of sRGB', () => {
    const rgb = labToSrgb(Float32Array.of(0, 100, 50), Float32Array.of(-128, 127, 127, -128, 500, -500), 3);

    expect(rgb).toHaveLength(9);
    expect(lab8ToSrgb(Uint8Array.of(0), Uint8Array.of(0, 255), 1)).toHaveLength(3);
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

function randomBytes(length: number): Uint8Array {
  const random = stream(1, 'lab spec');
  return Uint8Array.from({ length }, () => random.integer(256));
}
