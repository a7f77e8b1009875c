/** Sides of a picture or of a map of its colours, in pixels. */
export interface Sides {
  width: number;
  height: number;
}

/** Images of one size that become larger: rows of pixels, each with `channels` numbers. */
export interface Enlargement {
  channels: number;
  from: Sides;
  to: Sides;
}

/** Enlarges ab maps as `enlargeRows` does: [images, height, width, 2] of `from` to that of `to`. */
export function enlargeAb(
  ab: Float32Array,
  { images, from, to }: { images: number; from: Sides; to: Sides },
): Float32Array {
  const small = from.width * from.height * 2;
  const large = to.width * to.height * 2;
  const enlarged = new Float32Array(images * large);
  for (let image = 0; image < images; image++) {
    const one = ab.subarray(image * small, (image + 1) * small);
    const rows = { first: 0, last: to.height };
    enlargeRows(one, { channels: 2, from, to }, rows, enlarged.subarray(image * large, (image + 1) * large));
  }
  return enlarged;
}

/** Makes square 8-bit images larger, as `enlargeRows` does, in whole steps. */
export function enlargeBytes(
  bytes: Uint8Array,
  { channels, from, to }: { channels: number; from: number; to: number },
): Uint8Array {
  const shape = { channels, from: square(from), to: square(to) };
  const values = enlargeRows(bytes, shape, { first: 0, last: to }, new Float64Array(to * to * channels));
  const large = new Uint8Array(values.length);
  for (let at = 0; at < large.length; at++) large[at] = Math.round(values[at]!); // `from` is some times slower
  return large;
}

/**
 * Writes rows `first` to `last` - 1 of an enlarged image into an array of their size, and returns that: bilinear, pixel
 * centres at halves, edges repeated, as PyTorch with `align_corners=False` and OpenCV do.
 */
export function enlargeRows<Rows extends Float32Array | Float64Array>(
  values: Float32Array | Uint8Array,
  { channels, from, to }: Enlargement,
  { first, last }: { first: number; last: number },
  rows: Rows,
): Rows {
  const columns = Array.from({ length: to.width }, (_, index) => sourceOf(index, from.width, to.width));
  const left = Int32Array.from(columns, ({ low }) => low * channels); // typed arrays halve the time
  const right = Int32Array.from(columns, ({ high }) => high * channels);
  const shares = Float64Array.from(columns, ({ share }) => share);
  let place = 0;
  for (let row = first; row < last; row++) {
    const y = sourceOf(row, from.height, to.height);
    const top = y.low * from.width * channels;
    const bottom = y.high * from.width * channels;
    for (let column = 0; column < to.width; column++) {
      const share = shares[column]!;
      for (let channel = 0; channel < channels; channel++) {
        const low = left[column]! + channel;
        const high = right[column]! + channel;
        const above = values[top + low]! * (1 - share) + values[top + high]! * share;
        const below = values[bottom + low]! * (1 - share) + values[bottom + high]! * share;
        rows[place++] = above * (1 - y.share) + below * y.share;
      }
    }
  }
  return rows;
}

/** The two source pixels around a target pixel's centre, and the share of the second. */
function sourceOf(index: number, from: number, to: number) {
  const position = Math.min(Math.max(((index + 0.5) * from) / to - 0.5, 0), from - 1);
  const low = Math.floor(position);
  return { low, high: Math.min(low + 1, from - 1), share: position - low };
}

const square = (side: number): Sides => ({ width: side, height: side });
