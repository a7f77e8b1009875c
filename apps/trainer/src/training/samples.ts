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
  recipe: Recipe;
  manifest: DatasetManifest;
  files: FileProvider;
  folder: string;
}

type SampleEvent = Omit<Extract<SpooledEvent, { type: 'sample' }>, 'seq'>;

/** In every epoch: a faster compression of slightly larger strips. */
const compressionLevel = 2;

/**
 * Colorizes the first validation images and writes them as one PNG strip, top to bottom. The network sees them at training
 * size, where their error is measured; people see its colours under the full lightness of the larger previews.
 */
export class Sampler {
  private read: Promise<{ shown: Batch; previews: Batch }> | null = null;

  constructor(private readonly options: SampleOptions) {}

  async render(network: Step, { epoch, step }: { epoch: number; step: number }): Promise<SampleEvent> {
    this.read ??= readImages(this.options);
    const { shown, previews } = await this.read;
    const { images } = shown;
    const { ab } = await network.evaluate(shown);
    const large = enlargeAb(ab, { images, from: square(shown.size), to: square(previews.size) });
    const pixels = images * previews.size ** 2;
    const rgb = paintLightness(previews.l.subarray(0, pixels), large, pixels);
    const file = join(this.options.folder, `epoch-${epoch}.png`);
    const png = await pngOf(rgb, previews.size, previews.size * images, { compressionLevel });
    await writeWhole(file, png);

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
}

async function readImages(options: SampleOptions): Promise<{ shown: Batch; previews: Batch }> {
  const { recipe, manifest, files } = options;
  const images = Math.min(recipe.samples.images, manifest.previews.images, manifest.images.validation);
  return {
    shown: await firstValidationImages(options, images),
    previews: await loadPreviews(manifest, files),
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
