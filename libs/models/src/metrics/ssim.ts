import { requireSameLength } from './same-length.js';

/**
 * Structural similarity of 8-bit RGB pictures of `size` x `size` (Wang et al. 2004), 1 when they are equal: Gaussian
 * window of 11 x 11 with σ = 1.5, K1 = 0.01, K2 = 0.03, L = 255, population variances, only windows that lie inside the
 * picture (borders of 5 cropped), mean of each channel, then of the three. Equals scikit-image's `structural_similarity`
 * with `gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255`.
 * @returns a function of two pictures; it keeps its working memory, 32 bytes a pixel, from call to call
 * @throws RangeError for pictures smaller than the window
 */
export function ssimOfSize(size: number): (one: Uint8Array, other: Uint8Array) => number {
  if (size < side) throw new RangeError(`SSIM needs pictures of ${side} pixels and more, not ${size}.`);
  const planes = [0, 1, 2, 3].map(() => new Float64Array(size * size));
  const columns = [0, 1, 2, 3].map(() => new Float64Array(size));

  return (one, other) => {
    requireSameLength(one, other);
    let sum = 0;
    for (let channel = 0; channel < 3; channel++) {
      fillPlanes(planes, one, other, channel);
      for (let row = 0; row <= size - side; row++) {
        planes.forEach((plane, index) => weighRows(plane, row * size, size, columns[index]!));
        sum += sumAlongRow(columns, size);
      }
    }
    return sum / (3 * (size - side + 1) ** 2);
  };
}

const side = 11;
const c1 = (0.01 * 255) ** 2;
const c2 = (0.03 * 255) ** 2;

/** The window's weights from its middle outwards. It is separable and even, so these six are all. */
const [w0, w1, w2, w3, w4, w5] = gaussian(1.5);
function gaussian(sigma: number): [number, number, number, number, number, number] {
  const at = (distance: number) => Math.exp(-(distance ** 2) / (2 * sigma ** 2));
  const sum = at(0) + 2 * (at(1) + at(2) + at(3) + at(4) + at(5));
  return [at(0) / sum, at(1) / sum, at(2) / sum, at(3) / sum, at(4) / sum, at(5) / sum];
}

/** x, y, x² + y² and xy of one channel: variances are only needed as their sum. */
function fillPlanes(planes: Float64Array[], one: Uint8Array, other: Uint8Array, channel: number): void {
  const [xs, ys, squares, products] = planes as [Float64Array, Float64Array, Float64Array, Float64Array];
  for (let pixel = 0, index = channel; pixel < xs.length; pixel++, index += 3) {
    const x = one[index]!;
    const y = other[index]!;
    xs[pixel] = x;
    ys[pixel] = y;
    squares[pixel] = x * x + y * y;
    products[pixel] = x * y;
  }
}

/** Weighted sum of 11 rows from offset `first` on, for each column. */
function weighRows(plane: Float64Array, first: number, size: number, columns: Float64Array): void {
  for (let column = 0, at = first + 5 * size; column < size; column++, at++) {
    columns[column] =
      w0 * plane[at]! +
      w1 * (plane[at - size]! + plane[at + size]!) +
      w2 * (plane[at - 2 * size]! + plane[at + 2 * size]!) +
      w3 * (plane[at - 3 * size]! + plane[at + 3 * size]!) +
      w4 * (plane[at - 4 * size]! + plane[at + 4 * size]!) +
      w5 * (plane[at - 5 * size]! + plane[at + 5 * size]!);
  }
}

function weighColumns(columns: Float64Array, at: number): number {
  return (
    w0 * columns[at]! +
    w1 * (columns[at - 1]! + columns[at + 1]!) +
    w2 * (columns[at - 2]! + columns[at + 2]!) +
    w3 * (columns[at - 3]! + columns[at + 3]!) +
    w4 * (columns[at - 4]! + columns[at + 4]!) +
    w5 * (columns[at - 5]! + columns[at + 5]!)
  );
}

/** SSIM of all windows whose rows have been weighed, summed. */
function sumAlongRow(columns: Float64Array[], size: number): number {
  const [xs, ys, squares, products] = columns as [Float64Array, Float64Array, Float64Array, Float64Array];
  let sum = 0;
  for (let at = 5; at < size - 5; at++) {
    const meanX = weighColumns(xs, at);
    const meanY = weighColumns(ys, at);
    const product = meanX * meanY;
    const square = meanX * meanX + meanY * meanY;
    const covariance = weighColumns(products, at) - product;
    const variances = weighColumns(squares, at) - square;
    sum += ((2 * product + c1) * (2 * covariance + c2)) / ((square + c1) * (variances + c2));
  }
  return sum;
}
