import { add, all, div, mul, sqrt, square, sub, where } from './lanes';

// Differences of four pairs of Lab colours at once. A record holds them: L, a, b of the four ones, L, a, b of the four others
// (16 bytes each), then what is computed on the way.
//
// CIEDE2000 with kL = kC = kH = 1 is after G. Sharma, W. Wu, E. N. Dalal, "The CIEDE2000 Color-Difference Formula:
// Implementation Notes, Supplementary Test Data, and Mathematical Observations", 2005. It is a chain of a dozen roots and
// divisions, each waiting for the last, and therefore cut into three steps: taken for many records each, chains overlap.
//
// No angle is computed: the mean hue is the direction of the sum of both hues' unit vectors, of whose sine and cosine the
// weight of hue is a polynomial; only the rotation, a bell around blue, is looked up.

/** The second colour of a record. */
export const other: usize = 48;
const chromas: usize = 96;
const weightOfHue: usize = 128;
const rotation: usize = 144;
export const recordBytes: usize = 160;

const zero = all(0);
const one = all(1);
const half = all(0.5);

/** The CIE 1976 differences, the distances. Not to be asked after `stretch`. */
export function deltaE76(record: usize): v128 {
  const l = sub(v128.load(record), v128.load(record, other));
  const a = sub(v128.load(record, 16), v128.load(record, other + 16));
  const b = sub(v128.load(record, 32), v128.load(record, other + 32));
  return sqrt(add(add(square(l), square(a)), square(b)));
}

const upTo = all(1.5);

/** First step of ΔE2000: a becomes a', and both chromas follow. */
export function stretch(record: usize): void {
  const a = v128.load(record, 16);
  const b = v128.load(record, 32);
  const otherA = v128.load(record, other + 16);
  const otherB = v128.load(record, other + 32);
  const chroma = mean(lengthOf(a, b), lengthOf(otherA, otherB));
  const factor = sub(upTo, mul(chromaWeight(chroma), half)); // 1 + G
  const x = mul(a, factor);
  const otherX = mul(otherA, factor);
  v128.store(record, x, 16);
  v128.store(record, otherX, other + 16);
  v128.store(record, lengthOf(x, b), chromas);
  v128.store(record, lengthOf(otherX, otherB), chromas + 16);
}

/** Second step: what depends on the mean hue. */
export function weighHue(record: usize): void {
  const x1 = v128.load(record, 16);
  const b1 = v128.load(record, 32);
  const x2 = v128.load(record, other + 16);
  const b2 = v128.load(record, other + 32);
  const c1 = v128.load(record, chromas);
  const c2 = v128.load(record, chromas + 16);

  // Unit vectors, both times c1 c2. Without chroma a colour has no hue, and the other's counts.
  const isGrey = v128.or(f32x4.eq(c1, zero), f32x4.eq(c2, zero));
  const ofOne = where(isGrey, one, c2);
  const ofOther = where(isGrey, one, c1);
  const u1 = mul(ofOne, x1);
  const v1 = mul(ofOne, b1);
  const u2 = mul(ofOther, x2);
  const v2 = mul(ofOther, b2);
  const sumX = add(u1, u2);
  const sumY = add(v1, v2);
  // The sum is perpendicular to the difference, which has the more digits when hues are nearly opposite. When they are
  // opposite, the mean of two angles of 0 to 360° is a quarter turn on from the lower one.
  const apartX = sub(u1, u2);
  const apartY = sub(v1, v2);
  const isOpposite = f32x4.gt(add(square(apartX), square(apartY)), add(square(sumX), square(sumY)));
  const turned = sub(mul(sumY, apartX), mul(sumX, apartY));
  const isLower = v128.or(f32x4.gt(b1, zero), v128.and(f32x4.eq(b1, zero), f32x4.gt(x1, zero)));
  const isOn = v128.or(f32x4.gt(turned, zero), v128.and(f32x4.eq(turned, zero), isLower));
  const alongX = where(isOpposite, where(isOn, f32x4.neg(apartY), apartY), sumX);
  const alongY = where(isOpposite, where(isOn, apartX, f32x4.neg(apartX)), sumY);

  v128.store(record, weightOf(alongX, alongY), weightOfHue);
  v128.store(record, rotationOf(alongX, alongY), rotation);
}

const middleOfL = all(50);
const slopeOfL = all(0.015);
const twenty = all(20);
const slopeOfC = all(0.045);
const slopeOfH = all(0.015);

/** Third step: the CIEDE2000 differences. */
export function deltaE2000(record: usize): v128 {
  const l1 = v128.load(record);
  const l2 = v128.load(record, other);
  const c1 = v128.load(record, chromas);
  const c2 = v128.load(record, chromas + 16);
  const chroma = mean(c1, c2);
  const fromMiddle = square(sub(mean(l1, l2), middleOfL));
  const ofL = add(one, div(mul(fromMiddle, slopeOfL), sqrt(add(fromMiddle, twenty))));
  const ofC = add(one, mul(chroma, slopeOfC));
  const ofH = add(one, mul(mul(chroma, slopeOfH), v128.load(record, weightOfHue)));
  const l = div(sub(l2, l1), ofL);
  const c = div(sub(c2, c1), ofC);
  const h = div(hueDifference(record, mul(c1, c2)), ofH);
  const turn = mul(chromaWeight(chroma), v128.load(record, rotation));
  const squares = add(add(square(l), square(c)), square(h));
  return sqrt(f32x4.pmax(sub(squares, mul(add(turn, turn), mul(c, h))), zero));
}

const single = memory.data(<i32>recordBytes, 16);

/** The CIE 1976 difference of two colours. */
export function deltaE76Of(l1: f32, a1: f32, b1: f32, l2: f32, a2: f32, b2: f32): f32 {
  fillSingle(l1, a1, b1, l2, a2, b2);
  return f32x4.extract_lane(deltaE76(single), 0);
}

/** The CIEDE2000 difference of two colours. */
export function deltaE2000Of(l1: f32, a1: f32, b1: f32, l2: f32, a2: f32, b2: f32): f32 {
  fillSingle(l1, a1, b1, l2, a2, b2);
  stretch(single);
  weighHue(single);
  return f32x4.extract_lane(deltaE2000(single), 0);
}

function fillSingle(l1: f32, a1: f32, b1: f32, l2: f32, a2: f32, b2: f32): void {
  v128.store(single, f32x4.splat(l1));
  v128.store(single, f32x4.splat(a1), 16);
  v128.store(single, f32x4.splat(b1), 32);
  v128.store(single, f32x4.splat(l2), other);
  v128.store(single, f32x4.splat(a2), other + 16);
  v128.store(single, f32x4.splat(b2), other + 32);
}

function mean(one: v128, other: v128): v128 {
  return mul(add(one, other), half);
}

function lengthOf(x: v128, y: v128): v128 {
  return sqrt(add(square(x), square(y)));
}

const seventhOf25 = all(6103515625);

/** sqrt(C⁷ / (C⁷ + 25⁷)): 0 for grey, towards 1 for strong colours. */
function chromaWeight(chroma: v128): v128 {
  const squared = square(chroma);
  const seventh = mul(mul(square(squared), squared), chroma);
  return sqrt(div(seventh, add(seventh, seventhOf25)));
}

/**
 * ΔH = 2 sqrt(c1 c2) sin(Δh / 2), by the cross product c1 c2 sin(Δh) and the dot product c1 c2 cos(Δh): for hues less than a
 * quarter turn apart as 2 cross / sqrt(2 (c1 c2 + dot)), for others as sqrt(2 (c1 c2 - dot)) with the sign of the cross
 * product. Neither loses digits.
 */
function hueDifference(record: usize, chromas: v128): v128 {
  const x1 = v128.load(record, 16);
  const b1 = v128.load(record, 32);
  const x2 = v128.load(record, other + 16);
  const b2 = v128.load(record, other + 32);
  const dot = add(mul(x1, x2), mul(b1, b2));
  const cross = sub(mul(x1, b2), mul(x2, b1));
  const sum = add(chromas, f32x4.abs(dot));
  const length = sqrt(add(sum, sum));
  const far = where(f32x4.lt(cross, zero), f32x4.neg(length), length);
  return where(f32x4.gt(dot, zero), div(add(cross, cross), length), far);
}

const radian = Math.PI / 180;
const cosineOf30 = all(0.17 * Math.cos(30 * radian));
const sineOf30 = all(0.17 * Math.sin(30 * radian));
const ofTwo = all(0.24);
const cosineOf6 = all(0.32 * Math.cos(6 * radian));
const sineOf6 = all(0.32 * Math.sin(6 * radian));
const cosineOf63 = all(0.2 * Math.cos(63 * radian));
const sineOf63 = all(0.2 * Math.sin(63 * radian));

/** T = 1 - 0.17 cos(h - 30°) + 0.24 cos(2h) + 0.32 cos(3h + 6°) - 0.2 cos(4h - 63°), of the direction (x, y). */
function weightOf(x: v128, y: v128): v128 {
  const length = lengthOf(x, y);
  const inverse = div(one, length);
  const isNowhere = f32x4.eq(length, zero);
  const c = where(isNowhere, one, mul(x, inverse));
  const s = where(isNowhere, zero, mul(y, inverse));
  const c2 = sub(square(c), square(s));
  const s2 = mul(add(c, c), s);
  const c3 = sub(mul(c2, c), mul(s2, s));
  const s3 = add(mul(s2, c), mul(c2, s));
  const c4 = sub(square(c2), square(s2));
  const s4 = mul(add(c2, c2), s2);
  const first = add(mul(c, cosineOf30), mul(s, sineOf30));
  const third = sub(mul(c3, cosineOf6), mul(s3, sineOf6));
  const fourth = add(mul(c4, cosineOf63), mul(s4, sineOf63));
  return add(sub(one, first), add(mul(c2, ofTwo), sub(third, fourth)));
}

/** Parts of a quarter turn in the table of rotations. */
const quarter = 1024;
const oneQuarter = all(quarter);
const threeQuarters = all(3 * quarter);
/** sin(2Δθ) at each place, and what it grows by to the next: two floats each. */
const rotations = memory.data((4 * quarter + 1) * 2 * sizeof<f32>(), 16);
for (let place = 0; place <= 4 * quarter; place++) {
  const value = rotationAt(place);
  store<f32>(rotations + place * 8, <f32>value);
  store<f32>(rotations + place * 8, <f32>(rotationAt(place + 1) - value), 4);
}

function rotationAt(place: i32): f64 {
  const isUpper = place <= 2 * quarter;
  const along = <f64>place / quarter;
  const x = isUpper ? 1 - along : Math.min(1, along - 3);
  const angle = Math.acos(x / Math.hypot(x, 1 - Math.abs(x))) / radian;
  const fromBlue = ((isUpper ? angle : 360 - angle) - 275) / 25;
  return Math.sin(60 * Math.exp(-fromBlue * fromBlue) * radian);
}

/** sin(2Δθ) of the direction (x, y): its place in the table grows with the angle, by `quarter` a quarter turn. */
function rotationOf(x: v128, y: v128): v128 {
  const length = add(f32x4.abs(x), f32x4.abs(y));
  const along = where(f32x4.eq(length, zero), oneQuarter, div(mul(x, oneQuarter), length));
  const isUpper = f32x4.ge(y, zero);
  const place = where(isUpper, sub(oneQuarter, along), add(threeQuarters, along));
  const index = i32x4.trunc_sat_f32x4_s(place);
  const share = sub(place, f32x4.convert_i32x4_s(index));
  let first = v128.load64_zero(rotations + (i32x4.extract_lane(index, 0) << 3));
  first = v128.load64_lane(rotations + (i32x4.extract_lane(index, 1) << 3), first, 1);
  let last = v128.load64_zero(rotations + (i32x4.extract_lane(index, 2) << 3));
  last = v128.load64_lane(rotations + (i32x4.extract_lane(index, 3) << 3), last, 1);
  const values = i8x16.shuffle(first, last, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
  const growth = i8x16.shuffle(first, last, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  return add(values, mul(share, growth));
}
