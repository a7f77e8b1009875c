import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { engineName } from '@chromatune/contracts';
import { table } from '@chromatune/test-support';
import { z } from 'zod';
import type { Comparison, Item } from './comparison.js';
import { type Engine, loadEngine } from './engine.js';
import { groups } from './items.js';

const usage = `npm run parity [-- GROUP …] [--engine auto|cuda|native|portable] [--json FILE]

Compares what this project computes with independent references, which are committed: no Python is needed.
Exit code 1: a difference is larger than its bound; 2: nothing was compared.
`;

await main().catch((error: Error) => {
  console.error(`✖ ${error.message}\n\n${usage}`);
  process.exit(2);
});

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { engine: { type: 'string', default: 'auto' }, json: { type: 'string' } },
  });
  const engine = await loadEngine(z.enum([...engineName.options, 'auto']).parse(values.engine));
  const results = [];
  for (const { group, item } of chosen(positionals, engine)) {
    console.error(`  ${group}: ${item.item} …`);
    results.push({ group, item, ...(await computed(item)) });
  }
  console.log(table(results.map(rowOf)));
  const missed = results.filter((one) => !isWithin(one));
  console.log(
    `\n${results.length - missed.length} of ${results.length} within their bounds, on ${engine.description}.`,
  );
  console.log('ours and reference: a number, or the norm of a tensor; difference: the largest, relative.');
  if (values.json) writeFileSync(values.json, `${JSON.stringify(reportOf(engine, results), null, 2)}\n`);
  if (missed.length > 0) process.exitCode = 1;
}

type Result = Comparison & { group: string; item: Item };

function chosen(names: string[], engine: Engine): { group: string; item: Item }[] {
  for (const name of names) {
    if (!groups.has(name)) throw new Error(`There is no group "${name}": ${[...groups.keys()].join(', ')}.`);
  }
  return [...groups]
    .filter(([group]) => names.length === 0 || names.includes(group))
    .flatMap(([group, items]) => items(engine).map((item) => ({ group, item })));
}

/** What cannot even be computed is as far from the reference as can be. */
async function computed({ compute }: Item): Promise<Comparison> {
  return compute().catch((error: Error) => ({
    ours: NaN,
    reference: NaN,
    difference: Infinity,
    where: error.message,
  }));
}

function isWithin({ item, difference }: Result): boolean {
  return difference <= item.bound; // false for NaN
}

function rowOf(result: Result) {
  return {
    group: result.group,
    item: result.item.item,
    source: result.item.source,
    ours: result.ours.toPrecision(7),
    reference: result.reference.toPrecision(7),
    difference: result.difference.toExponential(1),
    bound: result.item.bound.toExponential(0),
    ok: isWithin(result) ? '✔' : '✖',
    where: result.where,
  };
}

function reportOf({ description }: Engine, results: Result[]) {
  return { engine: description, results: results.map(flat) };
}

function flat({ group, item: { item, source, bound }, ...comparison }: Result) {
  return { group, item, source, bound, ...comparison };
}
