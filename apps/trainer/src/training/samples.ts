import { join } from 'node:path';
import type { DatasetManifest, Recipe, SpooledEvent } from '@chromatune/contracts';
import { enlargeAb, type FileProvider, loadPreviews, paintLightness, pngOf } from '@chromatune/data';
import { abRmse, abSquaredError, type Batch } from '@chromatune/models';
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
 * Shows the first validation images in the colours that a validation predicted for them, as one PNG strip, top to bottom. The
 * network sees them at training size, where their error is measured; people see its colours under the full lightness of the
 * larger previews. Row i of the previews is row i of the validation split.
 */
export class Sampler {
  private readonly images: number;
  private shown: { truth: Uint8Array; predicted: Float32Array }[] = [];
  private previews: Promise<Batch> | null = null;

  constructor(private readonly options: SampleOptions) {
    const { recipe, manifest } = options;
    this.images = Math.min(recipe.samples.images, manifest.previews.images, manifest.images.validation);
  }

  /** Keeps what there is to show of a batch of the validation; its batches come in order. */
  take({ ab, images, size }: Batch, predicted: Float32Array): void {
    const length = size * size * 2;
    for (let image = 0; image < images && this.shown.length < this.images; image++) {
      const [from, to] = [image * length, (image + 1) * length];
      this.shown.push({ truth: ab.slice(from, to), predicted: predicted.slice(from, to) });
    }
  }

  /** Writes the strip of what was taken, and forgets it. */
  async render({ epoch, step }: { epoch: number; step: number }): Promise<SampleEvent> {
    const { recipe, manifest, files, folder } = this.options;
    const shown = this.shown.splice(0);
    const previews = await (this.previews ??= loadPreviews(manifest, files));
    const from = square(recipe.model.imageSize);
    const large = enlargeAb(joined(shown), { images: shown.length, from, to: square(previews.size) });
    const pixels = shown.length * previews.size ** 2;
    const rgb = paintLightness(previews.l.subarray(0, pixels), large, pixels);
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
        images: shown.map(({ truth, predicted }, image) => {
          const { sum, count } = abSquaredError(predicted, truth);
          return { image, abRmse: abRmse(sum, count) };
        }),
        at: new Date().toISOString(),
      },
    };
  }
}

const square = (side: number) => ({ width: side, height: side });

function joined(shown: { predicted: Float32Array }[]): Float32Array {
  const all = new Float32Array(shown.reduce((sum, { predicted }) => sum + predicted.length, 0));
  let filled = 0;
  for (const { predicted } of shown) {
    all.set(predicted, filled);
    filled += predicted.length;
  }
  return all;
}
