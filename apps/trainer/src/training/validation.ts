import {
  type Baselines,
  type DatasetManifest,
  type MetricName,
  type Recipe,
  toMeasured,
} from '@chromatune/contracts';
import { type FileProvider, lab8ToSrgb, paintLightness, splitBatches } from '@chromatune/data';
import {
  type Batch,
  ColorMeter,
  type ColorMetrics,
  type EvaluationMeasure,
  imageMeasurer,
  type Step,
} from '@chromatune/models';

interface ValidationData {
  recipe: Recipe;
  manifest: DatasetManifest;
  files: FileProvider;
  /** Weight of each 8-bit colour in the rebalanced AuC: see `aucWeights`. */
  colorWeights: Float64Array;
}

export interface ValidationOptions extends ValidationData {
  step: Step;
  /** Called after each batch. */
  alive: () => void;
}

/** What a validation measures, by the names of `metricCatalogue`, which says how. */
export type ValidationMetrics = Named<'loss' | keyof ColorMetrics> & Partial<Named<EvaluationMeasure>>;
type Named<K extends string> = Record<`validation/${K}`, number>;

/** Measures the whole validation split. */
export async function validate({ step, alive, ...data }: ValidationOptions): Promise<ValidationMetrics> {
  const meter = new ColorMeter();
  const addBatch = batchComparer(data);
  const means = new Means();
  for await (const batch of validationBatches(data)) {
    const { loss, ab, measures } = await step.evaluate(batch);
    means.add({ loss, ...measures }, batch.images);
    addBatch(meter, batch, ab);
    alive();
    await turnOfTheEventLoop();
  }
  return named({ ...means.read(), ...meter.read() }) as ValidationMetrics;
}

/** Means over images of what is known as means over batches. */
class Means {
  private readonly sums = new Map<string, number>();
  private images = 0;

  add(values: Record<string, number>, images: number): void {
    for (const [name, value] of Object.entries(values)) {
      this.sums.set(name, (this.sums.get(name) ?? 0) + value * images);
    }
    this.images += images;
  }

  read = () => Object.fromEntries([...this.sums].map(([name, sum]) => [name, sum / this.images]));
}

/** What predicting grey, or the training split's mean colour, reaches on the validation images. */
export async function measureBaselines(data: ValidationData): Promise<Baselines> {
  const predictors = [[0, 0] as const, data.manifest.statistics.meanAb].map((color) => ({
    color,
    meter: new ColorMeter(),
  }));
  const addBatch = batchComparer(data);
  for await (const batch of validationBatches(data)) {
    for (const { color, meter } of predictors) {
      addBatch(
        meter,
        batch,
        Float32Array.from(batch.ab, (_, index) => color[index % 2]!),
      );
    }
    await turnOfTheEventLoop();
  }
  const [grey, meanColor] = predictors.map(({ meter }) => toBaseline(meter.read()));
  return { grey: grey!, meanColor: meanColor! };
}

/** `abRmse` and `psnr` have fields of their own, which know no infinity: equal pictures count as if one byte were off. */
function toBaseline({ abRmse, psnr, ...others }: ColorMetrics): Baselines['grey'] {
  const metrics = Object.entries(named(others)).map(([name, value]) => [name, toMeasured(value)]);
  return { abRmse, psnr: Math.min(psnr, highestPsnr), metrics: Object.fromEntries(metrics) };
}
const highestPsnr = 10 * Math.log10(255 ** 2 * 3 * 512 ** 2);

const named = (values: object) =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`validation/${name}`, value as number]),
  ) as Partial<Record<MetricName, number>>;

const validationBatches = ({ recipe, manifest, files }: ValidationData) =>
  splitBatches({
    manifest,
    split: 'validation',
    batchSize: recipe.batchSize,
    imageSize: recipe.model.imageSize,
    files,
  });

/** Paints a batch's images with their true and their predicted colours, and tells a meter how they compare. */
function batchComparer({ recipe, colorWeights }: ValidationData) {
  const measure = imageMeasurer(recipe.model.imageSize, colorWeights);
  return (meter: ColorMeter, { l, ab, images, size }: Batch, predicted: Float32Array): void => {
    const pixels = size ** 2;
    for (let image = 0; image < images; image++) {
      const [from, to] = [image * pixels, (image + 1) * pixels];
      const lightness = l.subarray(from, to);
      const truthAb = ab.subarray(from * 2, to * 2);
      const predictedAb = predicted.subarray(from * 2, to * 2);
      const truthRgb = lab8ToSrgb(lightness, truthAb, pixels);
      const predictedRgb = paintLightness(lightness, predictedAb, pixels);
      meter.add(measure({ truthAb, predictedAb, truthRgb, predictedRgb }));
    }
  };
}

const turnOfTheEventLoop = () => new Promise<void>((resolve) => setImmediate(resolve));
