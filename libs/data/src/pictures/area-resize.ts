/**
 * Makes square images smaller by averaging the area that each new pixel covers, in whole 8-bit steps.
 * @param bytes `images` squares of side `from` with `channels` interleaved bytes a pixel
 * @throws RangeError when `to` is larger than `from`
 */
export function areaResize(
  bytes: Uint8Array,
  { images, channels, from, to }: { images: number; channels: number; from: number; to: number },
): Uint8Array {
  if (to > from) throw new RangeError(`Averaging cannot enlarge ${from} pixels to ${to}.`);
  if (to === from) return bytes;
  const spans = overlaps(from, to);
  const result = new Uint8Array(images * to * to * channels);
  const narrow = new Float64Array(from * to * channels);
  for (let image = 0; image < images; image++) {
    const source = bytes.subarray(image * from * from * channels, (image + 1) * from * from * channels);
    narrowRows(source, narrow, spans, from, channels);
    averageRows(narrow, result, image * to * to * channels, spans, to * channels);
  }
  return result;
}

/** The source pixels under one new pixel, with their shares of it; shares sum to 1. */
interface Span {
  first: number;
  shares: Float64Array;
}

function overlaps(from: number, to: number): Span[] {
  return Array.from({ length: to }, (_, index) => {
    const start = (index * from) / to;
    const end = ((index + 1) * from) / to;
    const first = Math.floor(start);
    const last = Math.min(from, Math.ceil(end - 1e-9));
    const shares = Float64Array.from({ length: last - first }, (_share, offset) => {
      const pixel = first + offset;
      return ((Math.min(end, pixel + 1) - Math.max(start, pixel)) * to) / from;
    });
    return { first, shares };
  });
}

function narrowRows(
  source: Uint8Array,
  target: Float64Array,
  spans: Span[],
  rows: number,
  channels: number,
): void {
  let place = 0;
  for (let row = 0; row < rows; row++) {
    for (const { first, shares } of spans) {
      for (let channel = 0; channel < channels; channel++) {
        let index = (row * rows + first) * channels + channel;
        let sum = 0;
        for (let part = 0; part < shares.length; part++) {
          sum += shares[part]! * source[index]!;
          index += channels;
        }
        target[place++] = sum;
      }
    }
  }
}

function averageRows(
  source: Float64Array,
  target: Uint8Array,
  offset: number,
  spans: Span[],
  width: number,
): void {
  for (const { first, shares } of spans) {
    for (let column = 0; column < width; column++) {
      let index = first * width + column;
      let sum = 0;
      for (let part = 0; part < shares.length; part++) {
        sum += shares[part]! * source[index]!;
        index += width;
      }
      target[offset++] = sum + 0.5;
    }
  }
}
