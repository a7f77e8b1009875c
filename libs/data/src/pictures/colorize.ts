import { DomainError, maxPhotoPixels, type PictureFormat } from '@chromatune/contracts';
import sharp, { type Sharp } from 'sharp';
import { type Picture } from '../import/photograph.js';
import { labToSrgb, srgbToLab, srgbToLab8 } from '../lab/lab.js';
import { enlargeRows, type Sides } from './enlarge.js';
import { exifOfUpright, insertExif } from './exif.js';

/** Pictures of more extreme proportions than this are seen squeezed: a network that sees a line learns nothing from it. */
const mostAspect = 16;

/** As sharp names them: JPEG, PNG, WebP, TIFF and AVIF. It would read GIF and SVG too. */
const kinds = ['jpeg', 'png', 'webp', 'tiff', 'heif'];

/**
 * A decoded photograph. With transparency it has a byte a pixel of it, and `rgb` are the colours below. With `exif` its
 * copyright, date and all else that was written about it.
 */
export interface Photo extends Picture {
  alpha?: Uint8Array;
  exif?: Uint8Array;
}

/**
 * Decodes a photograph at its full size, upright, as 8-bit sRGB: grey or coloured, opaque or not.
 * @throws DomainError when it is no picture that can be read, or has more than 64 megapixels
 */
export async function openPhoto(encoded: Uint8Array): Promise<Photo> {
  try {
    const photo = sharp(encoded, { limitInputPixels: maxPhotoPixels, failOn: 'error' });
    const { format, depth, exif: written } = await photo.metadata();
    if (!kinds.includes(format)) throw new Error(`a picture of the kind ${format}`);
    if (depth === 'float' || depth === 'double') throw floatingPhoto();
    const { data, info } = await photo
      .autoOrient()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    const exif = written && exifOfUpright(written);
    return { ...(channels === 3 ? { rgb: data } : split(data, info)), width, height, ...(exif && { exif }) };
  } catch (error) {
    throw error instanceof DomainError ? error : unreadablePhoto(error as Error);
  }
}

/** Colours and transparency apart; what a TIFF may hold beyond them is left out. */
function split(data: Uint8Array, { width, height, channels }: Sides & { channels: number }) {
  const pixels = width * height;
  const [rgb, alpha] = [new Uint8Array(pixels * 3), new Uint8Array(pixels)];
  for (let pixel = 0; pixel < pixels; pixel++) {
    const at = pixel * channels;
    rgb[pixel * 3] = data[at]!;
    rgb[pixel * 3 + 1] = data[at + 1]!;
    rgb[pixel * 3 + 2] = data[at + 2]!;
    alpha[pixel] = data[at + 3]!;
  }
  return { rgb, alpha };
}

/** A photograph for sharp, with its transparency. */
function join({ rgb, alpha, width, height }: Photo): Sharp {
  if (!alpha) return sharp(rgb, { raw: { width, height, channels: 3 } });
  const rgba = new Uint8Array(alpha.length * 4);
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    rgba[pixel * 4] = rgb[pixel * 3]!;
    rgba[pixel * 4 + 1] = rgb[pixel * 3 + 1]!;
    rgba[pixel * 4 + 2] = rgb[pixel * 3 + 2]!;
    rgba[pixel * 4 + 3] = alpha[pixel]!;
  }
  return sharp(rgba, { raw: { width, height, channels: 4 } });
}

/** As the photographs of a dataset are decoded. */
const onWhite = { background: '#ffffff' };

/** Sides at which a network sees a picture: the shorter one as in training, the other in proportion, both `multiple`s. */
export function networkSides({ width, height }: Sides, imageSize: number, multiple: number): Sides {
  const shorter = Math.max(multiple, Math.round(imageSize / multiple) * multiple);
  const aspect = Math.min(mostAspect, Math.max(width, height) / Math.min(width, height));
  const longer = Math.max(shorter, Math.round((shorter * aspect) / multiple) * multiple);
  return width >= height ? { width: longer, height: shorter } : { width: shorter, height: longer };
}

/**
 * 8-bit L of a photograph scaled to `sides`, as training images are made: transparent parts on white, scaled in sRGB by
 * Lanczos, then turned into L.
 */
export async function lightnessAt(photo: Photo, sides: Sides): Promise<Uint8Array> {
  const rgb = await join(photo)
    .flatten(onWhite)
    .resize(sides.width, sides.height, { fit: 'fill', kernel: 'lanczos3' })
    .raw()
    .toBuffer();
  return srgbToLab8(rgb, sides.width * sides.height).l;
}

/** Rows that are painted at once: a few megabytes of a large photograph. */
const bandRows = 64;

/** The picture's own lightness, at its full size, with the colours of an ab map of `sides` (height, width, 2; ab units). */
export function paintPicture({ rgb, width, height }: Picture, ab: Float32Array, sides: Sides): Uint8Array {
  const painted = new Uint8Array(rgb.length);
  for (let first = 0; first < height; first += bandRows) {
    const last = Math.min(height, first + bandRows);
    const pixels = (last - first) * width;
    const { l } = srgbToLab(rgb.subarray(first * width * 3, last * width * 3), pixels);
    const shape = { channels: 2, from: sides, to: { width, height } };
    const colors = enlargeRows(ab, shape, { first, last }, new Float32Array(pixels * 2));
    painted.set(labToSrgb(l, colors, pixels), first * width * 3);
  }
  return painted;
}

/**
 * Encodes a painted photograph with its EXIF: PNG without loss, or JPEG at a quality whose loss is hard to see. A JPEG has
 * no transparency: what was transparent is on white.
 */
export async function encodePicture(photo: Photo, format: PictureFormat): Promise<Uint8Array> {
  const picture = join(photo);
  const encoded =
    format === 'png'
      ? await picture.png({ compressionLevel: 6 }).toBuffer()
      : await picture.flatten(onWhite).jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer();
  return photo.exif ? insertExif(encoded, format, photo.exif) : encoded;
}

/** How bright its numbers are only their program knows: 0 to 1 would be all black as 8-bit numbers. */
const floatingPhoto = () =>
  new DomainError('unreadable_photo', 422, 'The photograph holds floating-point numbers, not 8 or 16 bits.', {
    remedy: 'Save it with 8 or 16 bits a channel.',
  });

function unreadablePhoto(cause: Error): DomainError {
  const megapixels = Math.round(maxPhotoPixels / 1e6);
  if (/pixel limit/i.test(cause.message)) {
    return new DomainError('photo_too_large', 413, `The photograph has more than ${megapixels} megapixels.`, {
      remedy: 'Make it smaller first.',
      cause,
    });
  }
  return new DomainError(
    'unreadable_photo',
    422,
    'The photograph cannot be read: it is damaged, or of another kind.',
    {
      remedy: 'JPEG, PNG, WebP, TIFF and AVIF are read.',
      cause,
    },
  );
}
