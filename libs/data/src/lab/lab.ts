/**
 * CIE Lab (D65, 2°) with the constants of scikit-image 0.19, and OpenCV's 8-bit form of it: L * 255 / 100, a + 128,
 * b + 128, ideally rounded. Greys are off neutral by less than 0.005, as in scikit-image.
 *
 * A Lab colour that sRGB does not have becomes a near one by two clips, as in scikit-image: f(Z) below 0 counts as 0, and
 * each channel is cut to 0 to 255. Lightness and hue may change by that; predictions are measured in Lab before it.
 */

/** sRGB of 0 to 255 to 8-bit Lab. `rgb` holds 3 bytes a pixel; L comes back with 1 byte a pixel, ab with 2. */
export function srgbToLab8(rgb: Uint8Array, pixels: number): { l: Uint8Array; ab: Uint8Array } {
  const l = new Uint8Array(pixels);
  const ab = new Uint8Array(pixels * 2);
  srgbToLab8Into(rgb, l, ab);
  return { l, ab };
}

/** As `srgbToLab8`, into given arrays; as many pixels as `l` is long. */
export function srgbToLab8Into(rgb: Uint8Array, l: Uint8Array, ab: Uint8Array): void {
  for (let pixel = 0; pixel < l.length; pixel++) {
    const r = linear[rgb[pixel * 3]!]!;
    const g = linear[rgb[pixel * 3 + 1]!]!;
    const b = linear[rgb[pixel * 3 + 2]!]!;
    const x = (0.412453 * r + 0.35758 * g + 0.180423 * b) / whiteX;
    const y = 0.212671 * r + 0.71516 * g + 0.072169 * b;
    const z = (0.019334 * r + 0.119193 * g + 0.950227 * b) / whiteZ;
    const fx = quickF(x);
    const fy = quickF(y);
    const fz = quickF(z);
    const l8 = (116 * fy - 16) * 2.55;
    const a8 = 500 * (fx - fy) + 128;
    const b8 = 200 * (fy - fz) + 128;
    if (isNearHalf(l8) || isNearHalf(a8) || isNearHalf(b8)) {
      const exactY = f(y);
      l[pixel] = Math.round((116 * exactY - 16) * 2.55);
      ab[pixel * 2] = Math.round(500 * (f(x) - exactY) + 128);
      ab[pixel * 2 + 1] = Math.round(200 * (exactY - f(z)) + 128);
    } else {
      l[pixel] = l8 + 0.5;
      ab[pixel * 2] = a8 + 0.5;
      ab[pixel * 2 + 1] = b8 + 0.5;
    }
  }
}

/** sRGB of 0 to 255 to Lab in its own units: L 0 to 100 (1 a pixel), ab about -108 to 99 (2 a pixel). */
export function srgbToLab(rgb: Uint8Array, pixels: number): { l: Float32Array; ab: Float32Array } {
  const l = new Float32Array(pixels);
  const ab = new Float32Array(pixels * 2);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const r = linear[rgb[pixel * 3]!]!;
    const g = linear[rgb[pixel * 3 + 1]!]!;
    const b = linear[rgb[pixel * 3 + 2]!]!;
    const fx = f((0.412453 * r + 0.35758 * g + 0.180423 * b) / whiteX);
    const fy = f(0.212671 * r + 0.71516 * g + 0.072169 * b);
    const fz = f((0.019334 * r + 0.119193 * g + 0.950227 * b) / whiteZ);
    l[pixel] = 116 * fy - 16;
    ab[pixel * 2] = 500 * (fx - fy);
    ab[pixel * 2 + 1] = 200 * (fy - fz);
  }
  return { l, ab };
}

/** 8-bit Lab to sRGB, clipped to the gamut: 3 bytes a pixel. */
export function lab8ToSrgb(l: Uint8Array, ab: Uint8Array, pixels: number): Uint8Array {
  const rgb = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel++) {
    writeSrgb(rgb, pixel, l[pixel]! / 2.55, ab[pixel * 2]! - 128, ab[pixel * 2 + 1]! - 128);
  }
  return rgb;
}

/** Lab in its own units to sRGB, clipped to the gamut: 3 bytes a pixel. */
export function labToSrgb(l: Float32Array, ab: Float32Array, pixels: number): Uint8Array {
  const rgb = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel++) {
    writeSrgb(rgb, pixel, l[pixel]!, ab[pixel * 2]!, ab[pixel * 2 + 1]!);
  }
  return rgb;
}

/** 8-bit L with ab in ab units (a prediction) to sRGB, clipped to the gamut: 3 bytes a pixel. */
export function paintLightness(l: Uint8Array, ab: Float32Array, pixels: number): Uint8Array {
  const rgb = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel++) {
    writeSrgb(rgb, pixel, l[pixel]! / 2.55, ab[pixel * 2]!, ab[pixel * 2 + 1]!);
  }
  return rgb;
}

/** Whether sRGB has this colour, give or take `slack` in linear light (0 to 1). */
export function isInGamut(l: number, a: number, b: number, slack: number): boolean {
  const fy = (l + 16) / 116;
  const x = inverseF(a / 500 + fy) * whiteX;
  const y = inverseF(fy);
  const z = inverseF(fy - b / 200) * whiteZ;
  const red = 3.24048134 * x - 1.53715152 * y - 0.49853633 * z;
  const green = -0.96925495 * x + 1.87599 * y + 0.04155593 * z;
  const blue = 0.05564664 * x - 0.20404134 * y + 1.05731107 * z;
  const least = -slack;
  const most = 1 + slack;
  return red >= least && red <= most && green >= least && green <= most && blue >= least && blue <= most;
}

const whiteX = 0.95047;
const whiteZ = 1.08883;

const linear = Float64Array.from({ length: 256 }, (_, byte) => toLinear(byte / 255));

function toLinear(value: number): number {
  return value > 0.04045 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92;
}

function f(t: number): number {
  return t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116;
}

function inverseF(t: number): number {
  return t > 0.2068966 ? t * t * t : (t - 16 / 116) / 7.787;
}

/** f by linear interpolation: off by less than 4e-7, which moves a, the most sensitive, by less than 4e-4. */
const steps = 16_384;
const table = Float64Array.from({ length: steps * 1.1 + 2 }, (_, index) => f(index / steps));
function quickF(t: number): number {
  const place = t * steps;
  const index = place | 0;
  const low = table[index]!;
  return low + (place - index) * (table[index + 1]! - low);
}

/** Whether interpolation could round `value` to the wrong neighbour. */
function isNearHalf(value: number): boolean {
  const fraction = value - Math.floor(value);
  return fraction > 0.499 && fraction < 0.501;
}

function writeSrgb(rgb: Uint8Array, pixel: number, l: number, a: number, b: number): void {
  const fy = (l + 16) / 116;
  const x = inverseF(a / 500 + fy) * whiteX;
  const y = inverseF(fy);
  const z = inverseF(Math.max(0, fy - b / 200)) * whiteZ; // as scikit-image, which warns of "Z < 0"
  rgb[pixel * 3] = toByte(3.24048134 * x - 1.53715152 * y - 0.49853633 * z);
  rgb[pixel * 3 + 1] = toByte(-0.96925495 * x + 1.87599 * y + 0.04155593 * z);
  rgb[pixel * 3 + 2] = toByte(0.05564664 * x - 0.20404134 * y + 1.05731107 * z);
}

/** Linear values from which an sRGB byte rounds up to the next: exact rounding without a power per pixel. */
const thresholds = Float64Array.from({ length: 255 }, (_, byte) => toLinear((byte + 0.5) / 255));
/** The byte at the lower end of each of 8,192 equal parts of 0 to 1; at most one threshold lies inside a part. */
const firstGuess = Uint8Array.from({ length: 8192 }, (_, part) => {
  let byte = 0;
  while (byte < 255 && thresholds[byte]! <= part / 8192) byte++;
  return byte;
});
function toByte(value: number): number {
  if (!(value > 0)) return 0;
  if (value >= 1) return 255;
  const guess = firstGuess[(value * 8192) | 0]!;
  return guess < 255 && value >= thresholds[guess]! ? guess + 1 : guess;
}
