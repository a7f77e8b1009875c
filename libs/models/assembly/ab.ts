/** Distances in ab units at which accuracy is read: 0 to 150 in steps of 1, as Zhang et al. 2016. */
const farthest: f64 = 150;

/**
 * Sums over the pixels of predicted (float32, ab units) and true (8-bit) ab, in float64: squared error of both components,
 * chroma sqrt(a² + b²) of each, nearness, weighted nearness, weight.
 * @param weights float64 of each 8-bit colour a8 * 256 + b8
 * @param sums where these six float64 go
 */
export function compareAb(predicted: usize, truth: usize, pixels: i32, weights: usize, sums: usize): void {
  let squares: f64 = 0;
  let chroma: f64 = 0;
  let trueChroma: f64 = 0;
  let near: f64 = 0;
  let weightedNear: f64 = 0;
  let weight: f64 = 0;
  for (let at = 0; at < pixels; at++) {
    const a8 = <i32>load<u8>(truth + (at << 1));
    const b8 = <i32>load<u8>(truth + (at << 1), 1);
    const a = <f64>load<f32>(predicted + (at << 3));
    const b = <f64>load<f32>(predicted + (at << 3), 4);
    const trueA = <f64>(a8 - 128);
    const trueB = <f64>(b8 - 128);
    const squared = (a - trueA) * (a - trueA) + (b - trueB) * (b - trueB);
    const nearness = nearnessOf(Math.sqrt(squared));
    const own = load<f64>(weights + (((a8 << 8) | b8) << 3));
    squares += squared;
    chroma += Math.sqrt(a * a + b * b);
    trueChroma += Math.sqrt(trueA * trueA + trueB * trueB);
    near += nearness;
    weightedNear += nearness * own;
    weight += own;
  }
  store<f64>(sums, squares);
  store<f64>(sums, chroma, 8);
  store<f64>(sums, trueChroma, 16);
  store<f64>(sums, near, 24);
  store<f64>(sums, weightedNear, 32);
  store<f64>(sums, weight, 40);
}

/**
 * What a pixel adds to the area under the curve of accuracy over threshold, when its predicted ab is `distance` from the
 * truth. Accuracy at t is the share of pixels with a distance of at most t; its area by the trapezoid rule, divided by 150,
 * is the mean of this over the pixels: 1 for a distance of 0, 0 beyond 150.
 */
function nearnessOf(distance: f64): f64 {
  const first = Math.ceil(distance); // the first threshold that takes the pixel in
  if (first == 0) return 1;
  return first <= farthest ? (farthest + 0.5 - first) / farthest : 0;
}
