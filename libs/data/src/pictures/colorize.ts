import { DomainError, maxPhotoPixels } from '@chromatune/contracts';
import sharp from 'sharp';
import { type Picture } from '../import/photograph.js';
import { labToSrgb, srgbToLab, srgbToLab8 } from '../lab/lab.js';
import { enlargeRows, type Sides } from './enlarge.js';

/** Pictures of more extreme proportions than this are seen squeezed: a network that sees a line learns nothing from it. */
const mostAspect = 16;

/**
 * Decodes a photograph at its full size, upright, as 8-bit sRGB: grey or coloured, transparent parts on white.
 * @throws DomainError when it is no picture that can be read, or has more than 64 megapixels
 */
export async function openPhoto(encoded: Uint8Array): Promise<Picture> {
  try {
    const { data, info } = await sharp(encoded, { limitInputPixels: maxPhotoPixels, failOn: 'error' })
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const rgb = info.channels === 1 ? threeTimes(data) : data;
    return { rgb, width: info.width, height: info.height };
  } catch (error) {
    throw unreadablePhoto(error as Error);
  }
}

/** Sides at which a network sees a picture: the shorter one as in training, the other in proportion, both `multiple`s. */
export function networkSides({ width, height }: Sides, imageSize: number, multiple: number): Sides {
  const shorter = Math.max(multiple, Math.round(imageSize / multiple) * multiple);
  const aspect = Math.min(mostAspect, Math.max(width, height) / Math.min(width, height));
  const longer = Math.max(shorter, Math.round((shorter * aspect) / multiple) * multiple);
  return width >= height ? { width: longer, height: shorter } : { width: shorter, height: longer };
}

/** 8-bit L of a picture scaled to `sides`, as training images are made: scaled in sRGB by Lanczos, then turned into L. */
export async function lightnessAt(picture: Picture, sides: Sides): Promise<Uint8Array> {
  const { width, height } = picture;
  const rgb = await sharp(picture.rgb, { raw: { width, height, channels: 3 } })
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

/** Encodes a painted picture: PNG without loss, or JPEG at a quality whose loss is hard to see. */
export async function encodePicture(
  { rgb, width, height }: Picture,
  format: 'png' | 'jpeg',
): Promise<Uint8Array> {
  const picture = sharp(rgb, { raw: { width, height, channels: 3 } });
  return format === 'png'
    ? picture.png({ compressionLevel: 6 }).toBuffer()
    : picture.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer();
}

function threeTimes(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let pixel = 0; pixel < grey.length; pixel++) rgb.fill(grey[pixel]!, pixel * 3, pixel * 3 + 3);
  return rgb;
}

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
    'The photograph cannot be read: it is damaged, or no picture.',
    {
      remedy: 'JPEG, PNG, WebP, TIFF and AVIF are read.',
      cause,
    },
  );
}
