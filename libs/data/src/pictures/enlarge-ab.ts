/** Sides of a picture or of a map of its colours, in pixels. */
export interface Sides {
  width: number;
  height: number;
}

/** Enlarges ab maps as `enlargeAbRows` does: [images, height, width, 2] of `from` to that of `to`. */
export function enlargeAb(
  ab: Float32Array,
  { images, from, to }: { images: number; from: Sides; to: Sides },
): Float32Array {
  const small = from.width * from.height * 2;
  const large = to.width * to.height * 2;
  const enlarged = new Float32Array(images * large);
  for (let image = 0; image < images; image++) {
    const one = ab.subarray(image * small, (image + 1) * small);
    enlarged.set(enlargeAbRows(one, { from, to, first: 0, last: to.height }), image * large);
  }
  return enlarged;
}

/**
 * Rows `first` to `last` - 1 of an ab map (height, width, 2) that is enlarged to `to`: bilinear, pixel centres at halves,
 * edges repeated.
 */
export function enlargeAbRows(
  ab: Float32Array,
  { from, to, first, last }: { from: Sides; to: Sides; first: number; last: number },
): Float32Array {
  const columns = Array.from({ length: to.width }, (_, index) => sourceOf(index, from.width, to.width));
  const rows = new Float32Array((last - first) * to.width * 2);
  let place = 0;
  for (let row = first; row < last; row++) {
    const y = sourceOf(row, from.height, to.height);
    const top = y.low * from.width;
    const bottom = y.high * from.width;
    for (const x of columns) {
      for (let component = 0; component < 2; component++) {
        const at = (pixel: number) => ab[pixel * 2 + component]!;
        const above = at(top + x.low) * (1 - x.share) + at(top + x.high) * x.share;
        const below = at(bottom + x.low) * (1 - x.share) + at(bottom + x.high) * x.share;
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
