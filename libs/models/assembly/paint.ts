import { both } from './lanes';
import { toLinear, whiteX, whiteZ } from './srgb';

// Lab to 8-bit sRGB, clipped to the gamut: the same bytes as libs/data/src/lab/lab.ts writes, by the same operations in
// float64, two pixels at once.

const foot = both(0.2068966);
const slope = both(7.787);
const start = both(16.0 / 116.0);

function inverseF(t: v128): v128 {
  const cube = f64x2.mul(f64x2.mul(t, t), t);
  const straight = f64x2.div(f64x2.sub(t, start), slope);
  return v128.bitselect(cube, straight, f64x2.gt(t, foot));
}

/** What depends on the 8-bit lightness alone: (L + 16) / 116, and Y. */
const fy = memory.data(256 * sizeof<f64>(), 16);
const luminance = memory.data(256 * sizeof<f64>(), 16);
for (let byte = 0; byte < 256; byte++) {
  const f = (<f64>byte / 2.55 + 16) / 116;
  store<f64>(fy + (byte << 3), f);
  store<f64>(luminance + (byte << 3), f64x2.extract_lane(inverseF(both(f)), 0));
}

/** Linear values from which an sRGB byte rounds up to the next; that beyond 255 is never reached. */
const thresholds = memory.data(256 * sizeof<f64>(), 16);
for (let byte = 0; byte < 255; byte++) {
  store<f64>(thresholds + (byte << 3), toLinear((<f64>byte + 0.5) / 255));
}
store<f64>(thresholds + (255 << 3), Infinity);

/** The byte at the lower end of the values nearest to each of these parts of 1; at most one threshold lies among them. */
const parts = 8192;
const guesses = memory.data(parts + 1);
let guess = 0;
for (let part = 0; part <= parts; part++) {
  while (load<f64>(thresholds + (guess << 3)) <= (<f64>part - 0.5) / parts) guess++;
  store<u8>(guesses + part, <u8>guess);
}
/** Added to a number below 2^31, it leaves the nearest integer in the lower half of its bits. */
const rounding = both(4503599627370496); // 2^52
const partsOfOne = both(parts);
const zero = both(0);
const unit = both(1);

/** Paints 8-bit lightness with ab in ab units, float32. An even number of pixels is read and written. */
export function paint(l: usize, ab: usize, pixels: i32, rgb: usize): void {
  for (let at = 0; at < pixels; at += 2) {
    const two = v128.load(ab + (at << 3)); // a, b, a, b
    const a = f64x2.promote_low_f32x4(i32x4.shuffle(two, two, 0, 2, 1, 3));
    const b = f64x2.promote_low_f32x4(i32x4.shuffle(two, two, 1, 3, 0, 2));
    paintTwo(l + at, a, b, rgb + 3 * at);
  }
}

/** Paints 8-bit lightness with 8-bit ab. */
export function paint8(l: usize, ab: usize, pixels: i32, rgb: usize): void {
  const neutral = f64x2.splat(128);
  for (let at = 0; at < pixels; at += 2) {
    const from = ab + (at << 1);
    const a = f64x2.replace_lane(f64x2.splat(<f64>load<u8>(from)), 1, <f64>load<u8>(from, 2));
    const b = f64x2.replace_lane(f64x2.splat(<f64>load<u8>(from, 1)), 1, <f64>load<u8>(from, 3));
    paintTwo(l + at, f64x2.sub(a, neutral), f64x2.sub(b, neutral), rgb + 3 * at);
  }
}

const ofA = both(500);
const ofB = both(200);
const whitesX = both(whiteX);
const whitesZ = both(whiteZ);
const redX = both(3.24048134);
const redY = both(-1.53715152);
const redZ = both(-0.49853633);
const greenX = both(-0.96925495);
const greenY = both(1.87599);
const greenZ = both(0.04155593);
const blueX = both(0.05564664);
const blueY = both(-0.20404134);
const blueZ = both(1.05731107);

function paintTwo(l: usize, a: v128, b: v128, rgb: usize): void {
  const first = (<usize>load<u8>(l)) << 3;
  const second = (<usize>load<u8>(l, 1)) << 3;
  const f = v128.load64_lane(fy + second, v128.load64_zero(fy + first), 1);
  const y = v128.load64_lane(luminance + second, v128.load64_zero(luminance + first), 1);
  const fz = f64x2.max(zero, f64x2.sub(f, f64x2.div(b, ofB)));
  const x = f64x2.mul(inverseF(f64x2.add(f64x2.div(a, ofA), f)), whitesX);
  const z = f64x2.mul(inverseF(fz), whitesZ);
  storeBytes(rgb, weigh(redX, x, redY, y, redZ, z));
  storeBytes(rgb + 1, weigh(greenX, x, greenY, y, greenZ, z));
  storeBytes(rgb + 2, weigh(blueX, x, blueY, y, blueZ, z));
}

function weigh(ofX: v128, x: v128, ofY: v128, y: v128, ofZ: v128, z: v128): v128 {
  const ofXY = f64x2.add(f64x2.mul(ofX, x), f64x2.mul(ofY, y));
  return f64x2.add(ofXY, f64x2.mul(ofZ, z));
}

/** One channel of two pixels. What is not a number becomes 0. */
function storeBytes(channel: usize, values: v128): void {
  const clipped = f64x2.pmin(f64x2.pmax(zero, values), unit);
  const nearest = f64x2.add(f64x2.mul(clipped, partsOfOne), rounding);
  const first = <i32>load<u8>(guesses + i32x4.extract_lane(nearest, 0));
  const second = <i32>load<u8>(guesses + i32x4.extract_lane(nearest, 2));
  const next = v128.load64_lane(thresholds + (second << 3), v128.load64_zero(thresholds + (first << 3)), 1);
  const isBeyond = f64x2.ge(clipped, next); // -1 where it is
  store<u8>(channel, <u8>(first - i32x4.extract_lane(isBeyond, 0)));
  store<u8>(channel, <u8>(second - i32x4.extract_lane(isBeyond, 2)), 3);
}
