import type { Recipe } from '@chromatune/contracts';
import { describeNetwork, forecastMemory } from '@chromatune/models/describe';
import { countRuns, readSpec, suggest, toRecipe } from '@chromatune/search';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const repository = new URL('../../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, repository), 'utf8');
const guide = read('docs/guide/questions.md');
const files = readdirSync(new URL('examples/', repository)).filter(
  (name) => name.endsWith('.yaml') && name !== 'first-sweep.yaml',
);

describe.each(files)('%s', (file) => {
  const { header, recipes } = readExample(file);

  it('states what its networks cost', () => {
    const stated = [...header.matchAll(cost)].map(([found]) => found);

    expect(stated.length).toBeGreaterThan(0);
    expect(recipes.map(costOf)).toEqual(expect.arrayContaining(stated));
  });

  it('states the memory of a batch, that of its largest network too', () => {
    const batch = Number(/ a batch of (\d+)/.exec(header)![1]);
    const stated = [...header.matchAll(memoryOfBatch)].map(([, network, gibibytes, gigabytes]) => {
      const recipe = recipes.find((one) => one.batchSize === batch && costOf(one) === network)!;
      expect(gibibytes).toBe(((describeNetwork(recipe).activationBytes * batch) / 2 ** 30).toFixed(1));
      expect(Math.abs(Number(gigabytes) / forecast(recipe) - 1)).toBeLessThan(forecastError);
      return recipe;
    });

    expect(Math.max(...stated.map(forecast))).toBe(Math.max(...recipes.map(forecast)));
  });

  it('states how long all its runs are estimated to take, as the guide does', () => {
    const [, onGpu, onCores] = estimate.exec(header)!;
    const macs = recipes.reduce((sum, recipe) => sum + recipe.epochs * describeNetwork(recipe).macs, 0);
    const timeAt = (perSecond: number) => timeText((3 * macs * photographs) / perSecond);

    expect([onGpu, onCores]).toEqual([timeAt(perSecondOf.gpu), timeAt(perSecondOf.twoCores)]);
    expect(rowOfGuide(file)).toEqual([String(recipes.length), onGpu, onCores]);
  });
});

it('takes the speed of two cores from the bench of the training step', () => {
  const bench = read('docs/decisions/0007-recorded-step.md');
  const [, imagesPerSecond] = /^\| Table 1, 224², batch 8 \|.*\*\*([\d.]+)\*\*/m.exec(bench)!;
  const { macs } = describeNetwork(readExample('table-1-regression.yaml').recipes[0]!);

  expect(guide).toContain(`: ${imagesPerSecond} images a second of Table 1`);
  expect(perSecondOf.twoCores).toBe(Number((3 * macs * Number(imagesPerSecond)).toPrecision(2)));
});

const cost = /[\d,]+ parameters, [\d.]+ GMAC and [\d.]+ MiB of activations an image/g;
const memoryOfBatch = new RegExp(
  `(${cost.source}),(?: so)? ([\\d.]+) GiB(?: of them at a batch of \\d+)?, about ([\\d.]+) GB`,
  'g',
);
const estimate =
  /Estimated for [\w ]+: ([\d.]+ \w+) on the report's GPU \(RTX 2070 Super\), ([\d.]+ \w+) on two cores\./;

/** What the forecast itself may be off by, so that a header need not follow each refinement of it. */
const forecastError = 0.1;
const forecast = (recipe: Recipe) => forecastMemory(recipe).bytes / 1e9;

/** The formula of the guide's estimates, as it is printed there. */
const photographs = numberOf(/of ([\d,]+) photographs/);
const perSecondOf = {
  gpu: numberOf(/RTX 2070 Super does some ([\d,]+) · 10⁹/) * 1e9,
  twoCores: numberOf(/two cores some ([\d,]+) · 10⁹/) * 1e9,
};

function numberOf(pattern: RegExp): number {
  return Number(pattern.exec(guide)![1]!.replaceAll(',', ''));
}

/** Runs and both times of a file's row in the guide's table, in the words of the headers. */
function rowOfGuide(file: string): string[] {
  const row = guide.split('\n').find((line) => line.includes(`](../../examples/${file}) |`))!;
  const units: Record<string, string> = { min: 'minutes', h: 'hours' };
  const cells = row.split('|').map((cell) => cell.trim().replace(/\b(?:min|h)$/, (unit) => units[unit]!));
  return cells.slice(4, -1);
}

function timeText(seconds: number): string {
  const hours = seconds / 3600;
  if (hours < 1) return `${(hours * 60).toPrecision(2)} minutes`;
  return hours < 48 ? `${hours.toPrecision(2)} hours` : `${(hours / 24).toPrecision(2)} days`;
}

/** The comment above a file's first key as one line, and the recipes of all its runs. */
function readExample(file: string): { header: string; recipes: Recipe[] } {
  const text = read(`examples/${file}`);
  const header = text.slice(0, text.indexOf('\nname:')).replaceAll(/\n# */g, ' ').replaceAll(/ +/g, ' ');
  const spec = readSpec(text).spec!;
  const recipes = Array.from({ length: countRuns(spec) }, (_, run) =>
    toRecipe(spec, suggest(spec, run)!, { name: 'photos', digest: '0'.repeat(64) }),
  );
  return { header, recipes };
}

function costOf(recipe: Recipe): string {
  const { parameters, macs, activationBytes } = describeNetwork(recipe);
  const [gigaMacs, mebibytes] = [(macs / 1e9).toFixed(3), (activationBytes / 2 ** 20).toFixed(1)];
  return `${parameters.toLocaleString('en')} parameters, ${gigaMacs} GMAC and ${mebibytes} MiB of activations an image`;
}
