import {
  canonicalJson,
  type MemoryForecast,
  type Recipe,
  slotMemoryBytes,
  type SweepSpec,
  type Trainer,
} from '@chromatune/contracts';
import { chooseMicroBatch, forecastMemory } from '@chromatune/models/describe';
import { suggest, toRecipe } from '@chromatune/search';

const forecastRuns = 20;

/**
 * What the first runs of a sweep will take of a trainer's memory, by network and batch size, said before they are launched:
 * static estimates, which trainers correct by what they measure. Of the online trainers, the slot with the least counts.
 */
export function forecastSweep(
  spec: SweepSpec,
  dataset: Recipe['dataset'],
  trainers: Pick<Trainer, 'memoryBytes' | 'slots' | 'online' | 'pool'>[],
): MemoryForecast[] {
  const slots = trainers.filter(({ online, pool }) => online && pool === 'default').map(slotMemoryBytes);
  const slotBytes = slots.length > 0 ? Math.min(...slots) : null;
  const groups = new Map<string, { recipe: Recipe; runs: number }>();
  for (let k = 0; k < forecastRuns; k++) {
    const values = suggest(spec, k);
    if (!values) break;
    const recipe = toRecipe(spec, values, dataset);
    const { model, loss, optimizer, batchSize, microBatch, averageDecay } = recipe;
    const shape = {
      model,
      loss,
      optimizer: optimizer.type,
      batchSize,
      microBatch,
      averages: averageDecay > 0,
    };
    const key = canonicalJson(shape);
    groups.set(key, { recipe, runs: (groups.get(key)?.runs ?? 0) + 1 });
  }
  return sayOnce(
    [...groups.values()].map(({ recipe, runs }) => ({ runs, ...forecastRecipe(recipe, slotBytes) })),
  );
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

function forecastRecipe(recipe: Recipe, slotBytes: number | null): Omit<MemoryForecast, 'runs'> {
  const limit = slotBytes ?? Infinity;
  const asked = recipe.microBatch > 0 ? Math.min(recipe.microBatch, recipe.batchSize) : null;
  const chosen = chooseMicroBatch(recipe, limit);
  const images = asked ?? chosen.images;
  const { bytes } = forecastMemory(recipe, { images });
  const forecast = {
    atOnceBytes: chosen.atOnceBytes,
    slotBytes,
    microBatch: images,
    pieces: Math.ceil(recipe.batchSize / images),
    bytes,
    fits: bytes <= limit,
  };
  return { ...forecast, text: inWords(recipe, forecast) };
}

function inWords(
  { model, batchSize }: Recipe,
  { atOnceBytes, slotBytes, microBatch, pieces, bytes, fits }: Omit<MemoryForecast, 'runs' | 'text'>,
): string {
  const needs = `${model.encoder} at batch ${batchSize} needs ${gigabytes(atOnceBytes)}`;
  if (slotBytes === null) return `${needs}; no trainer is online to say how it will run.`;
  if (!fits) {
    const least = `even ${microBatch} at a time need ${gigabytes(bytes)}, and a slot has ${gigabytes(slotBytes)}`;
    return `${needs}: ${least}. Use a smaller network or image size, or fewer slots.`;
  }
  if (pieces === 1) return `${needs}: fits.`;
  return `${needs}: will run as ${pieces} micro-batches of ${microBatch}.`;
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toPrecision(bytes < 1e9 ? 1 : 2)} GB`;
