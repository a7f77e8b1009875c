import { join } from 'node:path';
import type { DatasetManifest, Recipe, SpooledEvent } from '@chromatune/contracts';
import {
  enlargeAb,
  type FileProvider,
  loadPreviews,
  paintLightness,
  pngOf,
  squareSides,
} from '@chromatune/data';
import { abRmse, abSquaredError, type Batch } from '@chromatune/models';
import { writeWhole } from './checkpoint.js';
import { predictedImage } from './measure-pictures.js';

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
 * Shows the first validation images in the colours that a validation predicted for them, as one PNG strip, top to bottom. The
 * network sees them at training size, where their error is measured; people see its colours under the full lightness of the
 * larger previews. Row i of the previews is row i of the validation split.
 */
export class Sampler {
  private readonly images: number;
  private shown: { truthAb: Uint8Array; predictedAb: Float32Array }[] = [];
  private previews: Promise<Batch> | null = null;

  constructor(private readonly options: SampleOptions) {
    const { recipe, manifest } = options;
    this.images = Math.min(recipe.samples.images, manifest.previews.images, manifest.images.validation);
  }

  /** Keeps what there is to show of a batch of the validation; its batches come in order. */
  take(batch: Batch, predicted: Float32Array): void {
    for (let image = 0; image < batch.images && this.shown.length < this.images; image++) {
      const { truthAb, predictedAb } = predictedImage(batch, predicted, image);
      this.shown.push({ truthAb: truthAb.slice(), predictedAb: predictedAb.slice() });
    }
  }

  /** Writes the strip of what was taken, and forgets it. */
  async render({ epoch, step }: { epoch: number; step: number }): Promise<SampleEvent> {
    const { recipe, manifest, files, folder } = this.options;
    const shown = this.shown.splice(0);
    const previews = await (this.previews ??= loadPreviews(manifest, files));
    const [from, to] = [squareSides(recipe.model.imageSize), squareSides(previews.size)];
    const pixels = previews.size ** 2;
    const rgb = new Uint8Array(shown.length * pixels * 3);
    for (const [image, { predictedAb }] of shown.entries()) {
      const l = previews.l.subarray(image * pixels, (image + 1) * pixels);
      rgb.set(paintLightness(l, enlargeAb(predictedAb, { from, to }), pixels), image * pixels * 3);
    }
    const file = join(folder, `epoch-${epoch}.png`);
    const png = await pngOf(rgb, previews.size, previews.size * shown.length, { compressionLevel });
    await writeWhole(file, png);

    return {
      type: 'sample',
      file,
      sample: {
        epoch,
        step,
        tileSize: previews.size,
        images: shown.map(({ truthAb, predictedAb }, image) => {
          const { sum, count } = abSquaredError(predictedAb, truthAb);
          return { image, abRmse: abRmse(sum, count) };
        }),
        at: new Date().toISOString(),
      },
    };
  }
}
