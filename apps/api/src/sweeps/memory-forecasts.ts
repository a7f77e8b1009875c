import {
  canonicalJson,
  type DatasetVersion,
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
  withFilledBatch,
} from '@chromatune/models/describe';
import { suggestAll, toRecipe } from '@chromatune/search';

export interface ForecastOptions {
  dataset: Pick<DatasetVersion, 'name' | 'digest' | 'images'>;
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
  const kinds = kindsOfRuns(spec, { name: dataset.name, digest: dataset.digest });
  const shapeOf = (recipe: Recipe) => (trainer ? memoryShape(recipe, trainer.environment) : '');
  const shapes = [...new Set(kinds.map(({ recipe }) => shapeOf(recipe)))];
  const known = trainer ? await corrections.find(trainer.id, shapes) : new Map<string, number>();
  const slotBytes = trainer && slotMemoryBytes(trainer);
  const forecasts = kinds.map(({ recipe, runs }) => ({
    recipe,
    runs,
    ...forecastRecipe(withFilledBatch(recipe, dataset.images), slotBytes, known.get(shapeOf(recipe)) ?? null),
  }));
  return alike(forecasts)
    .map(sayOnce)
    .sort((one, other) => Number(one.fits) - Number(other.fits) || other.atOnceBytes - one.atOnceBytes);
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

/** Of one kind of runs, not yet in words. */
type KindForecast = Omit<MemoryForecast, 'text'> & { recipe: Recipe };

/** Kinds that would be said in the same words but for their bytes, as the networks of several losses. */
function alike(forecasts: KindForecast[]): KindForecast[][] {
  const groups = new Map<string, KindForecast[]>();
  for (const forecast of forecasts) {
    const { model, batchSize, microBatch: asked } = forecast.recipe;
    const key = [model.encoder, batchSize, asked > 0, forecast.microBatch, forecast.fits].join();
    groups.set(key, [...(groups.get(key) ?? []), forecast]);
  }
  return [...groups.values()];
}

/** The one that needs most stands for all; they are measured when each of them is. */
function sayOnce(forecasts: KindForecast[]): MemoryForecast {
  const inOrder = forecasts.toSorted((one, other) => other.atOnceBytes - one.atOnceBytes);
  const { recipe, ...largest } = inOrder[0]!;
  const runs = forecasts.reduce((sum, forecast) => sum + forecast.runs, 0);
  const all = { ...largest, runs, isMeasured: forecasts.every(({ isMeasured }) => isMeasured) };
  return { ...all, text: inWords(recipe, all, inOrder.at(-1)!.atOnceBytes) };
}

function forecastRecipe(
  recipe: Recipe,
  slotBytes: number | null,
  correction: number | null,
): Omit<MemoryForecast, 'runs' | 'text'> {
  const limit = slotBytes ?? Infinity;
  const chosen = chooseMicroBatch(recipe, limit, correction ?? 1);
  const images = recipe.microBatch > 0 ? Math.min(recipe.microBatch, recipe.batchSize) : chosen.images;
  const { bytes } = forecastMemory(recipe, { images, correction: correction ?? 1 });
  return {
    atOnceBytes: chosen.atOnceBytes,
    slotBytes,
    microBatch: images,
    pieces: Math.ceil(recipe.batchSize / images),
    bytes,
    fits: bytes <= limit,
    isMeasured: correction !== null,
  };
}

/** An estimate says so: where no step of such a network was measured, its trainer measures before it chooses. */
function inWords(
  { model, batchSize, microBatch: asked }: Recipe,
  { atOnceBytes, slotBytes, microBatch, pieces, bytes, fits, isMeasured }: Omit<MemoryForecast, 'text'>,
  leastAtOnce: number,
): string {
  const about = isMeasured ? '' : 'about ';
  const needs = `${model.encoder} at batch ${batchSize} needs ${about}${rangeText(leastAtOnce, atOnceBytes)}`;
  if (slotBytes === null) return `${needs}; no trainer is online to say how it will run.`;
  if (!fits) {
    const least = `even ${microBatch} at a time need ${about}${gigabytesText(bytes)}, and a slot has ${gigabytesText(slotBytes)}`;
    return `${needs}: ${least}. Use a smaller network or image size, or fewer slots.`;
  }
  if (pieces === 1) return `${needs}: fits.`;
  return `${needs}: will run as ${asked > 0 ? '' : about}${pieces} micro-batches of ${microBatch}.`;
}

/** "0.7 GB", or "0.7 to 0.9 GB". */
function rangeText(least: number, most: number): string {
  const [from, to] = [gigabytesText(least), gigabytesText(most)];
  return from === to ? to : `${from.replace(' GB', '')} to ${to}`;
}
