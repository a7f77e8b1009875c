import { add, all, div, mul, sub, where } from './lanes';
import { toLinear, whiteX, whiteZ } from './srgb';

// Lab of 8-bit sRGB, as src/color/lab.ts has it, four pixels at once in float32.

/** What `writeLab` makes of four pixels: L, a and b, one after another. */
export const labBytes: usize = 3 * 16;

/** Each byte in linear light. */
const linear = memory.data(256 * sizeof<f32>(), 16);
for (let byte = 0; byte < 256; byte++) {
  store<f32>(linear + (byte << 2), <f32>toLinear(<f64>byte / 255));
}

const rX = all(0.412453 / whiteX);
const gX = all(0.35758 / whiteX);
const bX = all(0.180423 / whiteX);
const rY = all(0.212671);
const gY = all(0.71516);
const bY = all(0.072169);
const rZ = all(0.019334 / whiteZ);
const gZ = all(0.119193 / whiteZ);
const bZ = all(0.950227 / whiteZ);

const perL = all(116);
const offsetOfL = all(16);
const perA = all(500);
const perB = all(200);

/** L, a and b of the four pixels whose channels are the integers `red`, `green`, `blue`. */
export function writeLab(red: v128, green: v128, blue: v128, lab: usize): void {
  const r = linearOf(red);
  const g = linearOf(green);
  const b = linearOf(blue);
  const x = curve(add(add(mul(r, rX), mul(g, gX)), mul(b, bX)));
  const y = curve(add(add(mul(r, rY), mul(g, gY)), mul(b, bY)));
  const z = curve(add(add(mul(r, rZ), mul(g, gZ)), mul(b, bZ)));
  v128.store(lab, sub(mul(y, perL), offsetOfL));
  v128.store(lab, mul(sub(x, y), perA), 16);
  v128.store(lab, mul(sub(y, z), perB), 32);
}

function linearOf(bytes: v128): v128 {
  let light = v128.load32_zero(linear + (i32x4.extract_lane(bytes, 0) << 2));
  light = v128.load32_lane(linear + (i32x4.extract_lane(bytes, 1) << 2), light, 1);
  light = v128.load32_lane(linear + (i32x4.extract_lane(bytes, 2) << 2), light, 2);
  return v128.load32_lane(linear + (i32x4.extract_lane(bytes, 3) << 2), light, 3);
}

const foot = all(0.008856);
const slope = all(7.787);
const start = all(16.0 / 116.0);

/** f(t) of Lab. */
function curve(t: v128): v128 {
  return where(f32x4.gt(t, foot), cubeRoot(t), add(mul(t, slope), start));
}

const oneThird = all(1.0 / 3.0);
const guessOfOne = 709958130;

/** A third of the exponent is a guess that is 4 % off (as in FreeBSD's cbrtf); each of Halley's steps cubes the error. */
function cubeRoot(t: v128): v128 {
  const exponent = i32x4.trunc_sat_f32x4_s(mul(f32x4.convert_i32x4_s(t), oneThird));
  return halley(halley(i32x4.add(exponent, i32x4.splat(guessOfOne)), t), t);
}

function halley(root: v128, t: v128): v128 {
  const cube = mul(mul(root, root), root);
  return mul(root, div(add(cube, add(t, t)), add(add(cube, cube), t)));
}
