/** Sides of a picture or of a map of its colours, in pixels. */
export interface Sides {
  width: number;
  height: number;
}

/** Those of a square picture. */
export const squareSides = (side: number): Sides => ({ width: side, height: side });

/** Images of one size that become larger: rows of pixels, each with `channels` numbers. */
export interface Enlargement {
  channels: number;
  from: Sides;
  to: Sides;
}

/** Enlarges an ab map as `enlargeRows` does: [height, width, 2] of `from` to that of `to`. */
export function enlargeAb(ab: Float32Array, { from, to }: Pick<Enlargement, 'from' | 'to'>): Float32Array {
  const rows = { first: 0, last: to.height };
  return enlargeRows(ab, { channels: 2, from, to }, rows, new Float32Array(to.width * to.height * 2));
}

/** Makes square 8-bit images larger, as `enlargeRows` does, in whole steps. */
export function enlargeBytes(
  bytes: Uint8Array,
  { channels, from, to }: { channels: number; from: number; to: number },
): Uint8Array {
  const shape = { channels, from: squareSides(from), to: squareSides(to) };
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
  const widen = widener(values, { channels, from, to });
  const length = to.width * channels;
  for (let row = first; row < last; row++) {
    const { low, high, share } = sourceOf(row, from.height, to.height);
    const above = widen(low);
    const below = widen(high);
    const start = (row - first) * length;
    for (let at = 0; at < length; at++) rows[start + at] = above[at]! * (1 - share) + below[at]! * share;
  }
  return rows;
}

/** Gives source rows at the full width. Several rows lie between the same two, so that those of last time are kept. */
function widener(values: Float32Array | Uint8Array, { channels, from, to }: Enlargement) {
  const length = to.width * channels;
  const left = new Int32Array(length);
  const right = new Int32Array(length);
  const shares = new Float64Array(length);
  for (let at = 0; at < length; at++) {
    const channel = at % channels;
    const { low, high, share } = sourceOf((at - channel) / channels, from.width, to.width);
    left[at] = low * channels + channel;
    right[at] = high * channels + channel;
    shares[at] = share;
  }
  const kept = [0, 1].map(() => ({ row: -1, wide: new Float64Array(length) }));
  return (row: number): Float64Array => {
    const place = kept[row % 2]!; // a row and the next are both kept
    if (place.row === row) return place.wide;
    place.row = row;
    const start = row * from.width * channels;
    for (let at = 0; at < length; at++) {
      const share = shares[at]!;
      place.wide[at] = values[start + left[at]!]! * (1 - share) + values[start + right[at]!]! * share;
    }
    return place.wide;
  };
}

/** The two source pixels around a target pixel's centre, and the share of the second. */
function sourceOf(index: number, from: number, to: number) {
  const position = Math.min(Math.max(((index + 0.5) * from) / to - 0.5, 0), from - 1);
  const low = Math.floor(position);
  return { low, high: Math.min(low + 1, from - 1), share: position - low };
}
