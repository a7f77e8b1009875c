import { describeNetwork } from '@chromatune/models/describe';
import { countRuns, readSpec, suggest, toRecipe } from '@chromatune/search';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const folder = new URL('../../../../examples/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml') && name !== 'first-sweep.yaml');

it.each(files)('%s states what its networks cost', (file) => {
  const text = readFileSync(new URL(file, folder), 'utf8');

  const stated = [...text.replaceAll(/\n# */g, ' ').matchAll(cost)].map(([found]) =>
    found.replaceAll(/ +/g, ' '),
  );
  expect(stated.length).toBeGreaterThan(0);
  expect(costsOf(text)).toEqual(expect.arrayContaining(stated));
});

const cost = /[\d,]+ parameters, +[\d.]+ GMAC and +[\d.]+ MiB of activations an image/g;

function costsOf(text: string): string[] {
  const spec = readSpec(text).spec!;
  return Array.from({ length: countRuns(spec) }, (_, run) => {
    const recipe = toRecipe(spec, suggest(spec, run)!, { name: 'photos', digest: '0'.repeat(64) });
    const { parameters, macs, activationBytes } = describeNetwork(recipe);
    const [gigaMacs, mebibytes] = [(macs / 1e9).toFixed(3), (activationBytes / 2 ** 20).toFixed(1)];
    return `${parameters.toLocaleString('en')} parameters, ${gigaMacs} GMAC and ${mebibytes} MiB of activations an image`;
  });
}
