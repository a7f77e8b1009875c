import type { Baselines, DatasetManifest, Recipe } from '@chromatune/contracts';
import { type FileProvider, lab8ToSrgb, paintLightness, splitBatches } from '@chromatune/data';
import { abRmse, abSquaredError, type Batch, type Step, psnrRgb } from '@chromatune/models';

export interface ValidationOptions {
  step: Step;
  recipe: Recipe;
  manifest: DatasetManifest;
  files: FileProvider;
  /** Called after each batch. */
  alive: () => void;
}

/** Loss, ab RMSE and PSNR over the whole validation split, as `metricCatalogue` defines them. */
export async function validate({ step, recipe, manifest, files, alive }: ValidationOptions) {
  const color = colorMeter();
  let lossSum = 0;
  let images = 0;
  for await (const batch of validationBatches({ recipe, manifest, files })) {
    const evaluated = await step.evaluate(batch);
    lossSum += evaluated.loss * batch.images;
    images += batch.images;
    color.add(batch, evaluated.ab);
    alive();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return { loss: lossSum / images, ...color.read() };
}

/** What predicting grey, or the training split's mean colour, reaches. From the manifest when it was measured at this size. */
export async function measureBaselines(options: {
  recipe: Recipe;
  manifest: DatasetManifest;
  files: FileProvider;
}): Promise<Baselines> {
  const { recipe, manifest } = options;
  if (recipe.model.imageSize === manifest.imageSize) return manifest.statistics.baselines;

  const [a, b] = manifest.statistics.meanAb;
  const grey = colorMeter();
  const meanColor = colorMeter();
  for await (const batch of validationBatches(options)) {
    grey.add(batch, new Float32Array(batch.ab.length));
    meanColor.add(
      batch,
      Float32Array.from({ length: batch.ab.length }, (_, index) => (index % 2 ? b : a)),
    );
  }
  return { grey: grey.read(), meanColor: meanColor.read() };
}

const validationBatches = ({
  recipe,
  manifest,
  files,
}: Pick<ValidationOptions, 'recipe' | 'manifest' | 'files'>) =>
  splitBatches({
    manifest,
    split: 'validation',
    batchSize: recipe.batchSize,
    imageSize: recipe.model.imageSize,
    files,
  });

/** Pools the squared error of ab over all pixels, and averages the PSNR of RGB over images. */
function colorMeter() {
  let squared = 0;
  let components = 0;
  let psnr = 0;
  let images = 0;
  return {
    add(batch: Batch, ab: Float32Array) {
      const pixels = batch.size ** 2;
      for (let image = 0; image < batch.images; image++) {
        const l = batch.l.subarray(image * pixels, (image + 1) * pixels);
        const truth = batch.ab.subarray(image * pixels * 2, (image + 1) * pixels * 2);
        const predicted = ab.subarray(image * pixels * 2, (image + 1) * pixels * 2);
        const error = abSquaredError(predicted, truth);
        squared += error.sum;
        components += error.count;
        psnr += psnrRgb(paintLightness(l, predicted, pixels), lab8ToSrgb(l, truth, pixels));
        images += 1;
      }
    },
    read: () => ({ abRmse: abRmse(squared, components), psnr: psnr / images }),
  };
}
