import { type Split } from '@chromatune/contracts';
import { stream } from '@chromatune/random';
import { srgbToLab8Into } from '../lab/lab.js';
import { previewCountFor, previewSizeFor, type RowSource } from './assemble.js';
import { ImportError } from './import-options.js';
import { type Box, cutSquare, inParallel, type Picture } from './photograph.js';
import { splitOf } from './split.js';

/** Pictures that images are cut from: photographs, or synthetic scenes. */
export interface PictureSource {
  count: number;
  /** Two 32-bit words that name the picture by its content, so that its crops do not depend on its neighbours. */
  identity(picture: number): [number, number];
  /** The picture, its shorter side at least `side` where it has as much. */
  open(picture: number, side: number): Promise<Picture>;
}

/** Smallest crop, as a share of the area of the largest square. */
export const smallestCrop = 0.4;
/** Crops are stretched by up to 10 %. */
const mostStretch = 0.1;
const atOnce = 2;

/**
 * Deals the pictures out to the splits: `cropsPerPhoto` random-resized crops of each training picture, one after the other,
 * and the centre square of each other one. All images of a picture are in one split.
 */
export function pictureRows(
  pictures: PictureSource,
  options: { imageSize: number; cropsPerPhoto: number; seed: number },
): { splits: Record<Split, RowSource>; previews: RowSource & { size: number } } {
  const { imageSize, cropsPerPhoto, seed } = options;
  if (!Number.isInteger(cropsPerPhoto) || cropsPerPhoto < 1 || cropsPerPhoto > 1000) {
    throw new ImportError(
      'invalid_crops',
      `${cropsPerPhoto} crops of a picture are not possible.`,
      'Use 1 to 1000.',
    );
  }
  const members = splitOf(pictures.count, seed);
  const size = previewSizeFor(imageSize);
  const images = previewCountFor(size, members.validation.length);
  /** Twice the image, so that the smallest crop still has a pixel for each of the image's. */
  const side = Math.max(2 * imageSize, size);
  const centre = (chosen: number[], to: number) =>
    rowsOf({ pictures, chosen, perPicture: 1, size: to, side, box: (picture) => centreSquare(picture) });
  return {
    splits: {
      train: rowsOf({
        pictures,
        chosen: members.train,
        perPicture: cropsPerPhoto,
        size: imageSize,
        side,
        box: (picture, index, crop) =>
          randomBox(picture, imageSize, [seed, ...pictures.identity(index), crop]),
      }),
      validation: centre(members.validation, imageSize),
      test: centre(members.test, imageSize),
    },
    previews: { ...centre(members.validation.slice(0, images), size), size },
  };
}

function rowsOf(plan: {
  pictures: PictureSource;
  chosen: number[];
  perPicture: number;
  size: number;
  side: number;
  box: (picture: Picture, index: number, crop: number) => Box;
}): RowSource {
  const { pictures, chosen, perPicture, size, side, box } = plan;
  const pixels = size * size;
  return {
    images: chosen.length * perPicture,
    async read(from, to, l, ab) {
      const first = Math.floor(from / perPicture);
      const touched = chosen.slice(first, Math.ceil(to / perPicture));
      await inParallel(touched, atOnce, async (index, position) => {
        const picture = await pictures.open(index, side);
        const row = (first + position) * perPicture;
        for (let crop = Math.max(0, from - row); crop < Math.min(perPicture, to - row); crop++) {
          const rgb = await cutSquare(picture, box(picture, index, crop), size);
          const start = (row + crop - from) * pixels;
          srgbToLab8Into(
            rgb,
            l.subarray(start, start + pixels),
            ab.subarray(start * 2, (start + pixels) * 2),
          );
        }
      });
    },
  };
}

function centreSquare({ width, height }: Picture): Box {
  const side = Math.min(width, height);
  return { left: (width - side) >> 1, top: (height - side) >> 1, width: side, height: side };
}

function randomBox(
  { width, height }: Picture,
  imageSize: number,
  key: [number, number, number, number],
): Box {
  const [seed, ...counters] = key;
  const random = stream(seed, 'crop', ...counters);
  const shorter = Math.min(width, height);
  const least = Math.min(1, Math.max(smallestCrop, (imageSize / shorter) ** 2)); // no crop is enlarged
  const side = shorter * Math.sqrt(least + (1 - least) * random.uniform());
  const stretch = Math.exp(mostStretch * (random.uniform() - 0.5));
  const box = {
    width: Math.min(width, Math.round(side * stretch)),
    height: Math.min(height, Math.round(side / stretch)),
  };
  return {
    ...box,
    left: random.integer(width - box.width + 1),
    top: random.integer(height - box.height + 1),
  };
}
