import { setImmediate } from 'node:timers/promises';
import {
  type Baselines,
  classificationOf,
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
  type Loss,
  type Lpips,
  LpipsMeter,
  type Step,
} from '@chromatune/models';

interface ValidationData {
  recipe: Recipe;
  manifest: DatasetManifest;
  files: FileProvider;
  /** Weight of each 8-bit colour in the rebalanced AuC: see `aucWeights`. */
  colorWeights: Float64Array;
  /** Where the recipe asks for it. */
  lpips: Lpips | null;
}

export interface ValidationOptions extends ValidationData {
  step: Step;
  /** Called after each batch. */
  alive: () => void;
}

/** What a validation measures, by the names of `metricCatalogue`, which says how. */
export type ValidationMetrics = Named<'loss' | keyof ColorMetrics> &
  Partial<Named<EvaluationMeasure | 'lpips'>>;
type Named<K extends string> = Record<`validation/${K}`, number>;

/** Measures the whole validation split. */
export async function validate({ step, alive, ...data }: ValidationOptions): Promise<ValidationMetrics> {
  const meter = new PictureMeter(data);
  const means = new Means();
  for await (const batch of validationBatches(data)) {
    const { loss, ab, measures } = await step.evaluate(batch);
    means.add({ loss, ...measures }, batch.images);
    meter.add(batch, ab);
    alive();
    await setImmediate();
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

export interface BaselineOptions extends ValidationData {
  loss: Loss;
}

/**
 * What predicting grey, the training split's mean colour, or the best single distribution over the recipe's bins reaches on
 * the validation images.
 */
export async function measureBaselines(options: BaselineOptions): Promise<Baselines> {
  const { recipe, manifest, loss } = options;
  const grey = { color: [0, 0] as const, meter: new PictureMeter(options) };
  const meanColor = { color: manifest.statistics.meanAb, meter: new PictureMeter(options) };
  const labelled = new Float64Array(65_536);
  for await (const batch of validationBatches(options)) {
    for (const { color, meter } of [grey, meanColor]) meter.add(batch, repeated(color, batch));
    countLabelled(batch, recipe, labelled);
    await setImmediate();
  }
  const metric = recipe.loss.type === 'combined' ? 'validation/lossClassification' : 'validation/loss';
  const bounds = loss.bounds(labelled);
  return {
    grey: toBaseline(grey.meter.read()),
    meanColor: toBaseline(meanColor.meter.read()),
    ...(bounds && { marginal: { metric, loss: toMeasured(bounds.marginal) } }),
    ...(bounds && bounds.floor > 0 && { floor: { metric, loss: toMeasured(bounds.floor) } }),
  };
}

const repeated = (color: readonly [number, number], { ab }: Batch) =>
  Float32Array.from(ab, (_, index) => color[index % 2]!);

/** Adds the colours of the pixels that have labels: all, or every fourth of every fourth row. */
function countLabelled({ ab, images, size }: Batch, { loss }: Recipe, counts: Float64Array): void {
  const head = classificationOf(loss);
  if (!head) return;
  const stride = head.headResolution === 'quarter' ? 4 : 1;
  for (let row = 0; row < images * size; row += stride) {
    for (let column = 0; column < size; column += stride) {
      const at = (row * size + column) * 2;
      counts[(ab[at]! << 8) | ab[at + 1]!]!++;
    }
  }
}

/** `abRmse` and `psnr` have fields of their own, which know no infinity: equal pictures count as if one byte were off. */
function toBaseline({ abRmse, psnr, ...others }: PictureMetrics): Baselines['grey'] {
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

type PictureMetrics = ColorMetrics & { lpips?: number };

/** Paints images with their true and their predicted colours, and measures how they compare. */
class PictureMeter {
  private readonly measure: ReturnType<typeof imageMeasurer>;
  private readonly colors = new ColorMeter();
  private readonly lpips: LpipsMeter | null;

  constructor({ recipe, colorWeights, lpips }: ValidationData) {
    const { imageSize } = recipe.model;
    this.measure = imageMeasurer(imageSize, colorWeights);
    this.lpips = lpips && new LpipsMeter(lpips, imageSize);
  }

  add({ l, ab, images, size }: Batch, predicted: Float32Array): void {
    const pixels = size ** 2;
    for (let image = 0; image < images; image++) {
      const [from, to] = [image * pixels, (image + 1) * pixels];
      const lightness = l.subarray(from, to);
      const truthAb = ab.subarray(from * 2, to * 2);
      const predictedAb = predicted.subarray(from * 2, to * 2);
      const truthRgb = lab8ToSrgb(lightness, truthAb, pixels);
      const predictedRgb = paintLightness(lightness, predictedAb, pixels);
      this.colors.add(this.measure({ truthAb, predictedAb, truthRgb, predictedRgb }));
      this.lpips?.add({ truthRgb, predictedRgb });
    }
  }

  read = (): PictureMetrics => ({
    ...this.colors.read(),
    ...(this.lpips && { lpips: this.lpips.read() }),
  });
}
