import {
  canonicalJson,
  type DatasetVersion,
  type MemoryForecast,
  type ParameterName,
  type Recipe,
  slotMemoryBytes,
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
import { parameterText } from '@chromatune/search';
import type { PlannedRun } from './planned-runs.js';

export interface ForecastOptions {
  dataset: Pick<DatasetVersion, 'images'>;
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
  planned: PlannedRun[],
  { dataset, trainers, corrections }: ForecastOptions,
): Promise<MemoryForecast[]> {
  const trainer = withLeastSlot(trainers);
  const kinds = kindsOfRuns(planned);
  const shapeOf = (recipe: Recipe) => (trainer ? memoryShape(recipe, trainer.environment) : '');
  const shapes = [...new Set(kinds.map(({ recipe }) => shapeOf(recipe)))];
  const known = trainer ? await corrections.find(trainer.id, shapes) : new Map<string, number>();
  const slotBytes = trainer && slotMemoryBytes(trainer);
  const forecasts = kinds.map(({ recipe, ...kind }) => {
    const filled = withFilledBatch(recipe, dataset.images);
    const forecast = forecastRecipe(filled, slotBytes, known.get(shapeOf(recipe)) ?? null);
    return { recipe, ...kind, filled: filled.batchSize, ...forecast };
  });
  return groupsBy(forecasts, ({ recipe }) => [recipe.model.encoder, recipe.batchSize, recipe.microBatch > 0])
    .flatMap(say)
    .sort((one, other) => Number(one.fits) - Number(other.fits) || other.atOnceBytes - one.atOnceBytes);
}

function withLeastSlot(trainers: ForecastOptions['trainers']) {
  const usable = trainers.filter(({ online, pool }) => online && pool === 'default');
  return usable.sort((one, other) => slotMemoryBytes(one) - slotMemoryBytes(other))[0] ?? null;
}

/** Runs that take the same memory. */
interface Kind extends PlannedRun {
  runs: number;
}

/** They are described once, however many they are. */
function kindsOfRuns(planned: PlannedRun[]): Kind[] {
  const kinds = new Map<string, Kind>();
  for (const { recipe, values } of planned) {
    const { batchSize, microBatch } = recipe;
    const key = canonicalJson({ ...memoryFactors(recipe), batchSize, microBatch });
    kinds.set(key, { recipe, values, runs: (kinds.get(key)?.runs ?? 0) + 1 });
  }
  return [...kinds.values()];
}

/** Not yet in words. */
interface KindForecast extends Kind, Omit<MemoryForecast, 'text' | 'runs'> {
  /** The batch size, or all images of a dataset that has fewer. */
  filled: number;
  /** The largest micro-batch that fits; null where none does. */
  fitting: number | null;
}

/** What memory depends on noticeably, beside the encoder and the batch size, which are always said. */
const telling: ParameterName[] = [
  'cut',
  'width',
  'imageSize',
  'freezeThrough',
  'upsampling',
  'loss',
  'headKernel',
  'headResolution',
  'binSet',
  'binGridSize',
  'encoding',
  'softNeighbors',
  'optimizer',
  'averageDecay',
];

/**
 * Kinds of one encoder and batch size: in one line where that says all; else in lines that name what tells them apart, with
 * numbers as a range.
 */
function say(kinds: KindForecast[]): MemoryForecast[] {
  const figures = groupsBy(kinds, ({ microBatch, fits, atOnceBytes }) => [
    microBatch,
    fits,
    gigabytesText(atOnceBytes),
  ]);
  if (figures.length === 1) return [sayOnce(kinds, [])];
  const names = telling.filter((name) => new Set(kinds.map(({ values }) => values[name])).size > 1);
  const words = ({ values }: KindForecast) =>
    names.map((name) => values[name]).filter((value) => typeof value !== 'number');
  return groupsBy(kinds, (kind) => [kind.microBatch, kind.fits, ...words(kind)]).map((group) =>
    sayOnce(group, names),
  );
}

function groupsBy<T>(all: T[], keyOf: (one: T) => unknown[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyOf(one).join();
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

/** The one that needs most stands for all; they are measured when each of them is. */
function sayOnce(kinds: KindForecast[], names: ParameterName[]): MemoryForecast {
  const inOrder = kinds.toSorted((one, other) => other.atOnceBytes - one.atOnceBytes);
  const { recipe, values: _values, filled, fitting, ...largest } = inOrder[0]!;
  const runs = kinds.reduce((sum, kind) => sum + kind.runs, 0);
  const all = { ...largest, runs, isMeasured: kinds.every(({ isMeasured }) => isMeasured) };
  const what = [recipe.model.encoder, ...names.flatMap((name) => factorText(name, kinds))];
  const batch = `${recipe.batchSize}${filled < recipe.batchSize ? ` (the dataset fills ${filled})` : ''}`;
  const of = `${what.join(', ')}${what.length > 1 ? ',' : ''} at batch ${batch}`;
  const leastAtOnce = inOrder.at(-1)!.atOnceBytes;
  return { ...all, text: inWords({ ...all, of, leastAtOnce, fitting, asked: recipe.microBatch }) };
}

/** "width 0.5", or "width 0.25 to 1"; nothing where these kinds do not have the parameter. */
function factorText(name: ParameterName, kinds: KindForecast[]): string[] {
  const values = kinds.flatMap(({ values: { [name]: value } }) => value ?? []);
  if (values.length === 0) return [];
  const numbers = values.filter((value) => typeof value === 'number');
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  return [parameterText(name, least < most ? `${least} to ${most}` : values[0]!)];
}

function forecastRecipe(
  recipe: Recipe,
  slotBytes: number | null,
  correction: number | null,
): Omit<KindForecast, keyof Kind | 'filled'> {
  const limit = slotBytes ?? Infinity;
  const chosen = chooseMicroBatch(recipe, limit, correction ?? 1);
  const images = recipe.microBatch > 0 ? Math.min(recipe.microBatch, recipe.batchSize) : chosen.images;
  const { bytes } =
    images === chosen.images ? chosen : forecastMemory(recipe, { images, correction: correction ?? 1 });
  return {
    atOnceBytes: chosen.atOnceBytes,
    slotBytes,
    microBatch: images,
    pieces: Math.ceil(recipe.batchSize / images),
    bytes,
    fits: bytes <= limit,
    isMeasured: correction !== null,
    fitting: chosen.fits ? chosen.images : null,
  };
}

interface Said extends Omit<MemoryForecast, 'text'> {
  of: string;
  leastAtOnce: number;
  fitting: number | null;
  /** Micro-batch that the recipe asks for; 0 leaves it open. */
  asked: number;
}

/** An estimate says so: where no step of such a network was measured, its trainer measures before it chooses. */
function inWords({ of, leastAtOnce, fitting, asked, ...said }: Said): string {
  const { atOnceBytes, slotBytes, microBatch, pieces, bytes, fits, isMeasured } = said;
  const about = isMeasured ? '' : 'about ';
  const needs = `${of} needs ${about}${rangeText(leastAtOnce, atOnceBytes)}`;
  if (slotBytes === null) return `${needs}; no trainer is online to say how it will run.`;
  if (!fits) {
    const even = fitting === null ? 'even ' : '';
    const least = `${even}${microBatch} at a time need ${about}${gigabytesText(bytes)}, and a slot has ${gigabytesText(slotBytes)}`;
    const remedy =
      fitting === null
        ? 'Use a smaller network or image size, or fewer slots.'
        : `Use microBatch ${fitting}, or 0 for automatic.`;
    return `${needs}: ${least}. ${remedy}`;
  }
  if (pieces === 1) return `${needs}: fits.`;
  return `${needs}: will run as ${asked > 0 ? '' : about}${pieces} micro-batches of ${microBatch}.`;
}

/** "0.7 GB", or "0.7 to 0.9 GB". */
function rangeText(least: number, most: number): string {
  const [from, to] = [gigabytesText(least), gigabytesText(most)];
  return from === to ? to : `${from.replace(' GB', '')} to ${to}`;
}
