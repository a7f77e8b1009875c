import { join } from 'node:path';
import type { DatasetManifest, Recipe, SpooledEvent } from '@chromatune/contracts';
import {
  enlargeAb,
  type FileProvider,
  loadPreviews,
  paintLightness,
  pngOf,
  splitBatches,
} from '@chromatune/data';
import { abRmse, abSquaredError, type Batch, type Step } from '@chromatune/models';
import { writeWhole } from './checkpoint.js';

export interface SampleOptions {
  /** The network in training. */
  network: Step;
  recipe: Recipe;
  manifest: DatasetManifest;
  files: FileProvider;
  folder: string;
  epoch: number;
  step: number;
}

type SampleEvent = Omit<Extract<SpooledEvent, { type: 'sample' }>, 'seq'>;

/**
 * Colorizes the first validation images and writes them as one PNG strip, top to bottom. The network sees them at training
 * size, where their error is measured; people see its colours under the full lightness of the larger previews.
 */
export async function renderSample(options: SampleOptions): Promise<SampleEvent> {
  const { network, manifest, files, folder, epoch, step } = options;
  const images = Math.min(
    options.recipe.samples.images,
    manifest.previews.images,
    manifest.images.validation,
  );
  const shown = await firstValidationImages(options, images);
  const previews = await loadPreviews(manifest, files);

  const { ab } = await network.evaluate(shown);
  const large = enlargeAb(ab, { images, from: square(shown.size), to: square(previews.size) });
  const pixels = images * previews.size ** 2;
  const rgb = paintLightness(previews.l.subarray(0, pixels), large, pixels);
  const file = join(folder, `epoch-${epoch}.png`);
  await writeWhole(file, await pngOf(rgb, previews.size, previews.size * images));

  return {
    type: 'sample',
    file,
    sample: {
      epoch,
      step,
      tileSize: previews.size,
      images: Array.from({ length: images }, (_, image) => ({ image, abRmse: errorOf(image, shown, ab) })),
      at: new Date().toISOString(),
    },
  };
}

const square = (side: number) => ({ width: side, height: side });

/** Row i of the previews is row i of the validation split. */
async function firstValidationImages(
  { recipe, manifest, files }: SampleOptions,
  images: number,
): Promise<Batch> {
  const size = recipe.model.imageSize;
  const l = new Uint8Array(images * size * size);
  const ab = new Uint8Array(images * size * size * 2);
  let filled = 0;
  const batches = splitBatches({ manifest, split: 'validation', batchSize: images, imageSize: size, files });
  for await (const batch of batches) {
    const taken = Math.min(batch.images, images - filled);
    l.set(batch.l.subarray(0, taken * size * size), filled * size * size);
    ab.set(batch.ab.subarray(0, taken * size * size * 2), filled * size * size * 2);
    filled += taken;
    if (filled === images) break;
  }
  return { l, ab, images, size };
}

function errorOf(image: number, { ab: truth, size }: Batch, predicted: Float32Array): number {
  const length = size * size * 2;
  const { sum, count } = abSquaredError(
    predicted.subarray(image * length, (image + 1) * length),
    truth.subarray(image * length, (image + 1) * length),
  );
  return abRmse(sum, count);
}
