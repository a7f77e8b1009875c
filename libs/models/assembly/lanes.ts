// Short names for what is done to four 32-bit floats at once.

export function all(value: f64): v128 {
  return f32x4.splat(<f32>value);
}

/** As `all`, of two 64-bit floats. */
export function both(value: f64): v128 {
  return f64x2.splat(value);
}

export function add(one: v128, other: v128): v128 {
  return f32x4.add(one, other);
}

export function sub(one: v128, other: v128): v128 {
  return f32x4.sub(one, other);
}

export function mul(one: v128, other: v128): v128 {
  return f32x4.mul(one, other);
}

export function div(one: v128, other: v128): v128 {
  return f32x4.div(one, other);
}

export function sqrt(value: v128): v128 {
  return f32x4.sqrt(value);
}

export function square(value: v128): v128 {
  return f32x4.mul(value, value);
}

/** `then` where the mask is set, else `otherwise`. */
export function where(mask: v128, then: v128, otherwise: v128): v128 {
  return v128.bitselect(then, otherwise, mask);
}

/** The four as two sums of 64-bit floats, so that a picture's sum keeps all digits. */
export function pairs(values: v128): v128 {
  const upper = i8x16.shuffle(values, values, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  return f64x2.add(f64x2.promote_low_f32x4(values), f64x2.promote_low_f32x4(upper));
}

export function sumOfPairs(sums: v128): f64 {
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}
