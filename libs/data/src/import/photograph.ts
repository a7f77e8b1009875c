import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { srgbToLab } from '../lab/lab.js';
import { signatureOf } from './look-alikes.js';

/** A picture in memory: 8-bit sRGB, 3 bytes a pixel. */
export interface Picture {
  rgb: Uint8Array;
  width: number;
  height: number;
}

/** A part of a picture, in its pixels. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Below this mean chroma a picture is black and white, or nearly: nothing can be learned from its colours. */
const leastChroma = 5;

/** Larger pictures are decompression bombs rather than photographs. */
const mostPixels = 300_000_000;

/** Two photographs are worked on at once (see `inParallel`), so one thread each is enough, and no cache is of use. */
sharp.concurrency(1);
sharp.cache(false);

/** What an import needs to know of a photograph before it uses it. */
export type Inspection = { sha256: string; width: number; height: number } & (
  { reason: null; whiteShare: number; signature: string } | { reason: string }
);

/** Looks at an encoded picture. `reason` says why it cannot be used, and never throws for what is in a file. */
export async function inspectPhotograph(encoded: Uint8Array, leastSide: number): Promise<Inspection> {
  const sha256 = createHash('sha256').update(encoded).digest('hex');
  try {
    const { width, height, space, channels } = await reader(encoded).metadata();
    const about = { sha256, width, height };
    if (Math.min(width, height) < leastSide) {
      return { ...about, reason: `too small: ${width} x ${height} pixels` };
    }
    if (space === 'b-w' || space === 'grey16' || channels < 3) return { ...about, reason: 'a grey picture' };
    const small = await decodePhotograph(encoded, 96);
    const { chroma, whiteShare } = colorsOf(small);
    if (chroma < leastChroma) return { ...about, reason: `nearly grey: mean chroma ${chroma.toFixed(1)}` };
    return {
      ...about,
      reason: null,
      whiteShare,
      signature: Buffer.from(signatureOf(small)).toString('base64'),
    };
  } catch (error) {
    return { sha256, width: 0, height: 0, reason: `cannot be read: ${stableReason(error)}` };
  }
}

/**
 * Decodes a picture as it is meant to be seen: turned upright by its EXIF orientation, converted to sRGB by its colour
 * profile (CMYK too), transparent parts on white, and made smaller so that its shorter side is `side` at least.
 */
export async function decodePhotograph(encoded: Uint8Array, side: number): Promise<Picture> {
  const { data, info } = await reader(encoded)
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .resize({ width: side, height: side, fit: 'outside', withoutEnlargement: true })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`it has ${info.channels} channels instead of 3`);
  return { rgb: data, width: info.width, height: info.height };
}

/** Cuts `box` out of a picture and scales it to a square of side `size`. */
export async function cutSquare(
  { rgb, width, height }: Picture,
  box: Box,
  size: number,
): Promise<Uint8Array> {
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .extract(box)
    .resize(size, size, { fit: 'fill', kernel: 'lanczos3' })
    .raw()
    .toBuffer();
}

/**
 * Works through `items`, at most `limit` at a time. After a failure nothing new is begun, and the first one is thrown when
 * what was begun has ended: whoever hears of it may close what the work uses.
 */
export async function inParallel<T>(
  items: T[],
  limit: number,
  work: (item: T, index: number) => Promise<void>,
) {
  let next = 0;
  const failures: unknown[] = [];
  const worker = async () => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      await work(items[index]!, index).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (failures.length > 0) throw failures[0];
}

/** How colourful a picture is, and how much of it is nearly white (cut-outs and drawings on paper). */
function colorsOf({ rgb }: Picture): { chroma: number; whiteShare: number } {
  const pixels = rgb.length / 3;
  const { l, ab } = srgbToLab(rgb, pixels);
  let chroma = 0;
  let white = 0;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const c = Math.hypot(ab[pixel * 2]!, ab[pixel * 2 + 1]!);
    chroma += c;
    if (l[pixel]! > 97 && c < 3) white++;
  }
  return { chroma: chroma / pixels, whiteShare: white / pixels };
}

const reader = (encoded: Uint8Array) => sharp(encoded, { limitInputPixels: mostPixels, failOn: 'error' });

/**
 * Words of our own, because reasons are part of a dataset's digest: libvips keeps one text of errors for all threads,
 * so that its words differ from one import to the next.
 */
function stableReason(error: unknown): string {
  const { message } = error as Error;
  if (/unsupported image format/i.test(message)) return 'no picture, or in an unsupported image format';
  return /is empty/i.test(message) ? 'the file is empty' : 'the file is damaged or truncated';
}
