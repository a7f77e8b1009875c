import { setImmediate } from 'node:timers/promises';
import {
  type Baselines,
  classificationOf,
  type DatasetManifest,
  type MetricName,
  type Recipe,
  toMeasured,
} from '@chromatune/contracts';
import { type FileProvider, splitBatches } from '@chromatune/data';
import {
  type Batch,
  type ColorCounts,
  type EvaluationMeasure,
  hasColor,
  type Loss,
  type Lpips,
  LpipsMeter,
  type Step,
} from '@chromatune/models';
import { ColorMeter, type ColorMetrics } from '@chromatune/models/measures';
import { paintedImage } from './measure-pictures.js';
import type { MeasureSource } from './measure-source.js';

interface ValidationData {
  recipe: Recipe;
  manifest: DatasetManifest;
  files: FileProvider;
  pictures: MeasureSource;
  /** Where the recipe asks for it. */
  lpips: Lpips | null;
}

export interface ValidationOptions extends ValidationData {
  step: Step;
  /** Called with each batch and its predicted ab, in the order of the split. */
  seen: (batch: Batch, predicted: Float32Array) => void;
}

/** What a validation measures, by the names of `metricCatalogue`, which says how. */
export type ValidationMetrics = Named<'loss' | keyof ColorMetrics> &
  Partial<Named<EvaluationMeasure | 'lpips'>>;
type Named<K extends string> = Record<`validation/${K}`, number>;

/** Measures the whole validation split. */
export async function validate({ step, seen, ...data }: ValidationOptions): Promise<ValidationMetrics> {
  const meter = new PictureMeter(data);
  const means = new Means();
  for await (const batch of validationBatches(data)) {
    const { loss, ab, measures } = await step.evaluate(batch);
    means.add({ loss, ...measures }, batch.images);
    await meter.add(batch, ab);
    seen(batch, ab);
    await setImmediate();
  }
  return named({ ...means.read(), ...(await meter.read()) }) as ValidationMetrics;
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
 * What predicting grey, the training split's mean colour, or the single distribution over the recipe's bins that its
 * training aims at reaches on the validation images.
 */
export async function measureBaselines(options: BaselineOptions): Promise<Baselines> {
  const { recipe, manifest, loss } = options;
  const grey = { color: [0, 0] as const, meter: new PictureMeter(options) };
  const meanColor = { color: manifest.statistics.meanAb, meter: new PictureMeter(options) };
  const labelled = { all: new Float64Array(65_536), ofColored: new Float64Array(65_536) };
  for await (const batch of validationBatches(options)) {
    for (const { color, meter } of [grey, meanColor]) await meter.add(batch, repeated(color, batch));
    countLabelled(batch, recipe, labelled);
    await setImmediate();
  }
  const metric = recipe.loss.type === 'combined' ? 'validation/lossClassification' : 'validation/loss';
  const bounds = loss.bounds(labelled);
  return {
    grey: toBaseline(await grey.meter.read()),
    meanColor: toBaseline(await meanColor.meter.read()),
    ...(bounds && { marginal: { metric, loss: toMeasured(bounds.marginal) } }),
    ...(bounds && bounds.floor > 0 && { floor: { metric, loss: toMeasured(bounds.floor) } }),
  };
}

const repeated = (color: readonly [number, number], { ab }: Batch) =>
  Float32Array.from(ab, (_, index) => color[index % 2]!);

/** Adds the colours of the pixels that have labels: all, or every fourth of every fourth row. */
function countLabelled({ ab, images, size }: Batch, { loss }: Recipe, { all, ofColored }: ColorCounts): void {
  const head = classificationOf(loss);
  if (!head) return;
  const stride = head.headResolution === 'quarter' ? 4 : 1;
  for (let image = 0; image < images; image++) {
    const own = ab.subarray(image * size ** 2 * 2, (image + 1) * size ** 2 * 2);
    const isColored = hasColor(own);
    for (let row = 0; row < size; row += stride) {
      for (let column = 0; column < size; column += stride) {
        const at = (row * size + column) * 2;
        const color = (own[at]! << 8) | own[at + 1]!;
        all[color]!++;
        if (isColored) ofColored[color]!++;
      }
    }
  }
}

/** `abRmse` and `psnr` have fields of their own. */
function toBaseline({ abRmse, psnr, ...others }: PictureMetrics): Baselines['grey'] {
  const metrics = Object.entries(named(others)).map(([name, value]) => [name, toMeasured(value)]);
  return { abRmse, psnr, metrics: Object.fromEntries(metrics) };
}

const named = (values: object) =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`validation/${name}`, value as number]),
  ) as Partial<Record<MetricName, number>>;

const validationBatches = ({ recipe, manifest, files }: ValidationData) =>
  splitBatches({
    manifest,
    split: 'validation',
    batchSize: validatedAtOnce(recipe),
    imageSize: recipe.model.imageSize,
    files,
  });

/** Pixels whose colours may be predicted before they are measured: a float each for a and b, of three batches. */
const mostPixels = 2 ** 21;

/** Images of a validation batch: no more than a training batch has, and no more than memory should hold the colours of. */
export const validatedAtOnce = ({ batchSize, model }: Recipe): number =>
  Math.min(batchSize, Math.floor(mostPixels / model.imageSize ** 2));

type PictureMetrics = ColorMetrics & { lpips?: number };

/** Batches that may wait to be measured, so that their pictures do not pile up. */
const mostWaiting = 2;

/** Adds up how the predicted colours of batches compare with the true ones, in the order of the batches. */
class PictureMeter {
  private readonly colors = new ColorMeter();
  private readonly pictures: MeasureSource;
  private readonly lpips: LpipsMeter | null;
  private readonly waiting: Promise<Float64Array>[] = [];

  constructor({ recipe, pictures, lpips }: ValidationData) {
    this.pictures = pictures;
    this.lpips = lpips && new LpipsMeter(lpips, recipe.model.imageSize);
  }

  async add(batch: Batch, predicted: Float32Array): Promise<void> {
    const measured = this.pictures.measure(batch, predicted);
    measured.catch(() => undefined); // it is thrown where it is awaited
    this.waiting.push(measured);
    for (let image = 0; this.lpips && image < batch.images; image++) {
      this.lpips.add(paintedImage(batch, predicted, image));
    }
    while (this.waiting.length > mostWaiting) await this.takeNext();
  }

  async read(): Promise<PictureMetrics> {
    while (this.waiting.length > 0) await this.takeNext();
    return { ...this.colors.read(), ...(this.lpips && { lpips: this.lpips.read() }) };
  }

  private async takeNext(): Promise<void> {
    this.colors.add(await this.waiting.shift()!);
  }
}
