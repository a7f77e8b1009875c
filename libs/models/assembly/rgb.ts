import { deltaE2000, deltaE76, other, recordBytes, stretch, weighHue } from './delta-e';
import { writeLab } from './lab';
import { pairs, sumOfPairs } from './lanes';

/** Pixels that are compared together; integer sums over them fit into 32 bits. */
const pixelsAtOnce = 256;
const records = memory.data((pixelsAtOnce / 4) * <i32>recordBytes, 16);

/** Four integers each: five sums of the colourfulness of each picture, and the squared difference. */
const integerSums = 11;
const integers = memory.data(integerSums * 16, 16);

/**
 * Sums over the pixels of two RGB pictures: of the colourfulness of each R - G, R + G - 2B, both without their signs, and
 * four times the squares of R - G and (R + G) / 2 - B; then squared error, ΔE76, ΔE2000. Pixels are read by fours: behind
 * the last, both pictures must have the same bytes.
 * @param sums where these thirteen float64 go
 */
export function compareRgb(first: usize, second: usize, pixels: i32, sums: usize): void {
  let sum76 = f64x2.splat(0);
  let sum2000 = f64x2.splat(0);
  memory.fill(sums, 0, (integerSums + 2) * sizeof<f64>());
  for (let from = 0; from < pixels; from += pixelsAtOnce) {
    const end = records + <usize>((min(pixels - from, pixelsAtOnce) + 3) >> 2) * recordBytes;
    memory.fill(integers, 0, integerSums * 16);
    let at = 3 * from;
    for (let record = records; record < end; record += recordBytes) {
      compareFour(first + at, second + at, record);
      at += 12;
    }
    for (let index = 0; index < integerSums; index++) {
      const sum = sums + (index << 3);
      store<f64>(sum, load<f64>(sum) + <f64>sumOfIntegers(v128.load(integers + (index << 4))));
    }
    for (let record = records; record < end; record += recordBytes) {
      sum76 = f64x2.add(sum76, pairs(deltaE76(record)));
      stretch(record);
    }
    for (let record = records; record < end; record += recordBytes) weighHue(record);
    for (let record = records; record < end; record += recordBytes) {
      sum2000 = f64x2.add(sum2000, pairs(deltaE2000(record)));
    }
  }
  store<f64>(sums + integerSums * 8, sumOfPairs(sum76));
  store<f64>(sums + integerSums * 8, sumOfPairs(sum2000), 8);
}

/** Adds what is counted in integers, and writes the Lab of both. */
function compareFour(first: usize, second: usize, record: usize): void {
  const red = channel(first, 0);
  const green = channel(first, 1);
  const blue = channel(first, 2);
  const otherRed = channel(second, 0);
  const otherGreen = channel(second, 1);
  const otherBlue = channel(second, 2);
  writeLab(red, green, blue, record);
  writeLab(otherRed, otherGreen, otherBlue, record + other);
  addColorfulness(red, green, blue, integers);
  addColorfulness(otherRed, otherGreen, otherBlue, integers + 5 * 16);
  const error = i32x4.add(squared(i32x4.sub(red, otherRed)), squared(i32x4.sub(green, otherGreen)));
  addTo(integers + 10 * 16, i32x4.add(error, squared(i32x4.sub(blue, otherBlue))));
}

/** One channel, 0 to 2, of four pixels. */
function channel(rgb: usize, which: i8): v128 {
  const bytes = v128.load(rgb);
  const places = i8x16(0, 99, 99, 99, 3, 99, 99, 99, 6, 99, 99, 99, 9, 99, 99, 99);
  return i8x16.swizzle(bytes, i8x16.add(places, i8x16.splat(which)));
}

function addColorfulness(red: v128, green: v128, blue: v128, sums: usize): void {
  const rg = i32x4.sub(red, green);
  const yb = i32x4.sub(i32x4.add(red, green), i32x4.add(blue, blue)); // twice that of the definition
  addTo(sums, rg);
  addTo(sums + 16, yb);
  addTo(sums + 32, i32x4.abs(rg));
  addTo(sums + 48, i32x4.abs(yb));
  addTo(sums + 64, i32x4.add(i32x4.shl(squared(rg), 2), squared(yb)));
}

function squared(values: v128): v128 {
  return i32x4.mul(values, values);
}

function addTo(sum: usize, values: v128): void {
  v128.store(sum, i32x4.add(v128.load(sum), values));
}

function sumOfIntegers(four: v128): i64 {
  return (
    <i64>i32x4.extract_lane(four, 0) +
    <i64>i32x4.extract_lane(four, 1) +
    <i64>i32x4.extract_lane(four, 2) +
    <i64>i32x4.extract_lane(four, 3)
  );
}
