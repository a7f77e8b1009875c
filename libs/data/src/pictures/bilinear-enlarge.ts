/**
 * Makes square images larger, bilinearly, with pixel centres at halves and the edges repeated (PyTorch's and OpenCV's
 * convention), in whole 8-bit steps.
 * @param bytes `images` squares of side `from` with `channels` interleaved bytes a pixel
 */
export function bilinearEnlarge(
  bytes: Uint8Array,
  { images, channels, from, to }: { images: number; channels: number; from: number; to: number },
): Uint8Array {
  const places = Array.from({ length: to }, (_, index) => sourceOf(index, from, to));
  const large = new Uint8Array(images * to * to * channels);
  let at = 0;
  for (let image = 0; image < images; image++) {
    const start = image * from * from * channels;
    for (const y of places) {
      for (const x of places) {
        for (let channel = 0; channel < channels; channel++) {
          const value = (row: number, column: number) =>
            bytes[start + (row * from + column) * channels + channel]!;
          const top = value(y.low, x.low) * (1 - x.share) + value(y.low, x.high) * x.share;
          const bottom = value(y.high, x.low) * (1 - x.share) + value(y.high, x.high) * x.share;
          large[at++] = Math.round(top * (1 - y.share) + bottom * y.share);
        }
      }
    }
  }
  return large;
}

/** The two source pixels around a target pixel's centre, and the share of the second. */
function sourceOf(index: number, from: number, to: number) {
  const position = Math.min(Math.max(((index + 0.5) * from) / to - 0.5, 0), from - 1);
  const low = Math.floor(position);
  return { low, high: Math.min(low + 1, from - 1), share: position - low };
}
