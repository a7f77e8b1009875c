import {
  canonicalJson,
  type MemoryForecast,
  type Recipe,
  slotMemoryBytes,
  type SweepSpec,
  type Trainer,
} from '@chromatune/contracts';
import type { MemoryCorrectionsStore } from '@chromatune/database';
import {
  chooseMicroBatch,
  forecastMemory,
  gigabytesText,
  memoryFactors,
  memoryShape,
} from '@chromatune/models/describe';
import { suggestAll, toRecipe } from '@chromatune/search';

export interface ForecastOptions {
  dataset: Recipe['dataset'];
  trainers: Pick<Trainer, 'id' | 'memoryBytes' | 'slots' | 'online' | 'pool' | 'environment'>[];
  /** What they have measured. */
  corrections: Pick<MemoryCorrectionsStore, 'find'>;
}

/**
 * What the runs of a sweep will take of a trainer's memory, by network and batch size, said before they are launched, those
 * that need most first. Of the online trainers, the slot with the least counts: static estimates, corrected by what its
 * trainer has measured, as it will correct them itself.
 */
export async function forecastSweep(
  spec: SweepSpec,
  { dataset, trainers, corrections }: ForecastOptions,
): Promise<MemoryForecast[]> {
  const trainer = withLeastSlot(trainers);
  const kinds = kindsOfRuns(spec, dataset);
  const shapeOf = (recipe: Recipe) => (trainer ? memoryShape(recipe, trainer.environment) : '');
  const shapes = [...new Set(kinds.map(({ recipe }) => shapeOf(recipe)))];
  const known = trainer ? await corrections.find(trainer.id, shapes) : new Map<string, number>();
  const slotBytes = trainer && slotMemoryBytes(trainer);
  return sayOnce(
    kinds.map(({ recipe, runs }) => ({
      runs,
      ...forecastRecipe(recipe, slotBytes, known.get(shapeOf(recipe)) ?? null),
    })),
  ).sort((one, other) => Number(one.fits) - Number(other.fits) || other.atOnceBytes - one.atOnceBytes);
}

function withLeastSlot(trainers: ForecastOptions['trainers']) {
  const usable = trainers.filter(({ online, pool }) => online && pool === 'default');
  return usable.sort((one, other) => slotMemoryBytes(one) - slotMemoryBytes(other))[0] ?? null;
}

/** Runs that take the same memory are described once, however many they are. */
function kindsOfRuns(spec: SweepSpec, dataset: Recipe['dataset']): { recipe: Recipe; runs: number }[] {
  const kinds = new Map<string, { recipe: Recipe; runs: number }>();
  for (const values of suggestAll(spec)) {
    const recipe = toRecipe(spec, values, dataset);
    const { batchSize, microBatch } = recipe;
    const key = canonicalJson({ ...memoryFactors(recipe), batchSize, microBatch });
    kinds.set(key, { recipe, runs: (kinds.get(key)?.runs ?? 0) + 1 });
  }
  return [...kinds.values()];
}

/** Networks that differ by some megabytes, as those of several losses, have the same words: the largest stands for all. */
function sayOnce(forecasts: MemoryForecast[]): MemoryForecast[] {
  const byText = new Map<string, MemoryForecast>();
  for (const forecast of forecasts) {
    const known = byText.get(forecast.text);
    const largest = known && known.bytes > forecast.bytes ? known : forecast;
    byText.set(forecast.text, { ...largest, runs: forecast.runs + (known?.runs ?? 0) });
  }
  return [...byText.values()];
}

function forecastRecipe(
  recipe: Recipe,
  slotBytes: number | null,
  correction: number | null,
): Omit<MemoryForecast, 'runs'> {
  const limit = slotBytes ?? Infinity;
  const chosen = chooseMicroBatch(recipe, limit, correction ?? 1);
  const images = recipe.microBatch > 0 ? Math.min(recipe.microBatch, recipe.batchSize) : chosen.images;
  const { bytes } = forecastMemory(recipe, { images, correction: correction ?? 1 });
  const forecast = {
    atOnceBytes: chosen.atOnceBytes,
    slotBytes,
    microBatch: images,
    pieces: Math.ceil(recipe.batchSize / images),
    bytes,
    fits: bytes <= limit,
    isMeasured: correction !== null,
  };
  return { ...forecast, text: inWords(recipe, forecast) };
}

/** An estimate says so: where no step of such a network was measured, its trainer measures before it chooses. */
function inWords(
  { model, batchSize, microBatch: asked }: Recipe,
  {
    atOnceBytes,
    slotBytes,
    microBatch,
    pieces,
    bytes,
    fits,
    isMeasured,
  }: Omit<MemoryForecast, 'runs' | 'text'>,
): string {
  const about = isMeasured ? '' : 'about ';
  const needs = `${model.encoder} at batch ${batchSize} needs ${about}${gigabytesText(atOnceBytes)}`;
  if (slotBytes === null) return `${needs}; no trainer is online to say how it will run.`;
  if (!fits) {
    const least = `even ${microBatch} at a time need ${about}${gigabytesText(bytes)}, and a slot has ${gigabytesText(slotBytes)}`;
    return `${needs}: ${least}. Use a smaller network or image size, or fewer slots.`;
  }
  if (pieces === 1) return `${needs}: fits.`;
  return `${needs}: will run as ${asked > 0 ? '' : about}${pieces} micro-batches of ${microBatch}.`;
}
