import { add, all, div, mul, pairs, square, sub, sumOfPairs } from './lanes';

// Structural similarity as `PictureKernel.ssim` documents it. Rows are those of RGB pictures, so that the three channels are
// weighed together: the neighbours of a value in its row are three values away.

/** The window is 11 x 11, separable and even: these six weights from its middle outwards are all. */
const reach: i32 = 5;
const side: i32 = 2 * reach + 1;
const sigma: f64 = 1.5;
const w0 = weight(0);
const w1 = weight(1);
const w2 = weight(2);
const w3 = weight(3);
const w4 = weight(4);
const w5 = weight(5);

function weight(distance: f64): v128 {
  let sum: f64 = 0;
  for (let at = -reach; at <= reach; at++) sum += bell(<f64>at);
  return all(bell(distance) / sum);
}

function bell(distance: f64): f64 {
  return Math.exp(-(distance * distance) / (2 * sigma * sigma));
}

const c1 = all(0.01 * 255 * (0.01 * 255));
const c2 = all(0.03 * 255 * (0.03 * 255));
/** Bytes are weighed less this, so that float32 keeps the digits of variances. */
const middle: i16 = 128;
const middles = all(middle);

/** Four segments a row: x, y, x² + y² (variances are only needed as their sum) and xy. */
const segments: usize = 4;
/** Floats beyond a segment's end that are read, though not counted. */
const slack = 8;
const lanesBefore = memory.data<i32>([-1, -1, -1, -1, 0, 0, 0, 0]);

function floatsOf(size: i32): i32 {
  return (3 * size + slack + 3) & ~3;
}

/** Rows that are kept; when there is no place left, the ten that the next window needs move to the start. */
const kept: i32 = 32;

/** Bytes of working memory for pictures of this size. */
export function ssimMemory(size: i32): i32 {
  return (kept + 1) * <i32>segments * floatsOf(size) * sizeof<f32>();
}

/**
 * Sum of the SSIM of all windows that lie inside, over the three channels of two RGB pictures of `size` x `size`.
 * @param work where `ssimMemory` bytes may be used
 */
export function ssimSum(one: usize, other: usize, size: i32, work: usize): f64 {
  const segment = <usize>floatsOf(size) * sizeof<f32>();
  const row = segments * segment;
  const end = work + <usize>kept * row;
  const weighed = end;
  const others = <usize>(side - 1) * row;
  let sum: f64 = 0;
  let newest = work;
  for (let at = 0; at < size; at++) {
    if (newest == end) {
      memory.copy(work, end - others, others);
      newest = work + others;
    }
    fillRow(one + 3 * at * size, other + 3 * at * size, 3 * size, newest, segment);
    if (at >= side - 1) {
      weighRows(newest - others, row, weighed);
      sum += sumAlongRow(weighed, segment, 3 * (size - side + 1));
    }
    newest += row;
  }
  return sum;
}

/** Reads eight values at once, and so up to seven beyond the row's end. */
function fillRow(one: usize, other: usize, length: i32, row: usize, segment: usize): void {
  const offset = i16x8.splat(middle);
  for (let at = 0; at < length; at += 8) {
    const x = i16x8.sub(i16x8.extend_low_i8x16_u(v128.load64_zero(one + at)), offset);
    const y = i16x8.sub(i16x8.extend_low_i8x16_u(v128.load64_zero(other + at)), offset);
    const to = row + at * sizeof<f32>();
    store8(to, i32x4.extend_low_i16x8_s(x), i32x4.extend_high_i16x8_s(x));
    store8(to + segment, i32x4.extend_low_i16x8_s(y), i32x4.extend_high_i16x8_s(y));
    store8(
      to + 2 * segment,
      i32x4.add(i32x4.extmul_low_i16x8_s(x, x), i32x4.extmul_low_i16x8_s(y, y)),
      i32x4.add(i32x4.extmul_high_i16x8_s(x, x), i32x4.extmul_high_i16x8_s(y, y)),
    );
    store8(to + 3 * segment, i32x4.extmul_low_i16x8_s(x, y), i32x4.extmul_high_i16x8_s(x, y));
  }
}

/** Eight integers as floats. */
function store8(to: usize, low: v128, high: v128): void {
  v128.store(to, f32x4.convert_i32x4_s(low));
  v128.store(to, f32x4.convert_i32x4_s(high), 16);
}

/** Weighted sum of the 11 rows from `first` on, of `row` bytes each. */
function weighRows(first: usize, row: usize, weighed: usize): void {
  for (let at: usize = 0; at < row; at += 16) {
    let from = first + at;
    const r0 = v128.load(from);
    const r1 = v128.load((from += row));
    const r2 = v128.load((from += row));
    const r3 = v128.load((from += row));
    const r4 = v128.load((from += row));
    const r5 = v128.load((from += row));
    const r6 = v128.load((from += row));
    const r7 = v128.load((from += row));
    const r8 = v128.load((from += row));
    const r9 = v128.load((from += row));
    const r10 = v128.load((from += row));
    const sum = weighTaps(r5, add(r4, r6), add(r3, r7), add(r2, r8), add(r1, r9), add(r0, r10));
    v128.store(weighed + at, sum);
  }
}

/** Weighted sum of 11 neighbours in the row from `first` on. */
function weighAlong(first: usize): v128 {
  return weighTaps(
    v128.load(first, 60),
    add(v128.load(first, 48), v128.load(first, 72)),
    add(v128.load(first, 36), v128.load(first, 84)),
    add(v128.load(first, 24), v128.load(first, 96)),
    add(v128.load(first, 12), v128.load(first, 108)),
    add(v128.load(first), v128.load(first, 120)),
  );
}

/** The middle, and the sums of both neighbours at a distance of 1, 2, … from it. */
function weighTaps(at0: v128, at1: v128, at2: v128, at3: v128, at4: v128, at5: v128): v128 {
  const inner = add(add(mul(w0, at0), mul(w1, at1)), mul(w2, at2));
  return add(inner, add(add(mul(w3, at3), mul(w4, at4)), mul(w5, at5)));
}

/** SSIM of all `windows` whose rows have been weighed, summed. */
function sumAlongRow(weighed: usize, segment: usize, windows: i32): f64 {
  let sums = f64x2.splat(0);
  for (let at = 0; at < windows; at += 4) {
    const first = weighed + at * sizeof<f32>();
    const x = weighAlong(first);
    const y = weighAlong(first + segment);
    const variances = sub(weighAlong(first + 2 * segment), add(square(x), square(y)));
    const covariance = sub(weighAlong(first + 3 * segment), mul(x, y));
    const meanX = add(x, middles);
    const meanY = add(y, middles);
    const product = mul(meanX, meanY);
    const squares = add(square(meanX), square(meanY));
    const similarity = div(
      mul(add(add(product, product), c1), add(add(covariance, covariance), c2)),
      mul(add(squares, c1), add(variances, c2)),
    );
    const left = windows - at;
    const counted = left < 4 ? v128.and(similarity, v128.load(lanesBefore + ((4 - left) << 2))) : similarity;
    sums = f64x2.add(sums, pairs(counted));
  }
  return sumOfPairs(sums);
}
