import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { repository, table, threeDigits } from '@chromatune/test-support';
import { commit, load, machine } from './machine.js';
import { type Check, isMet, type Options, type Part, type Result } from './part.js';
import { examplesPart } from './parts/examples.js';
import { importPart } from './parts/import.js';
import { livePart } from './parts/live.js';
import { memoryPart } from './parts/memory.js';
import { overheadPart } from './parts/overhead.js';
import { startPart } from './parts/start.js';
import { trainingPart } from './parts/training.js';

const parts: Part[] = [importPart, trainingPart, memoryPart, overheadPart, livePart, startPart, examplesPart];

const usage = `npm run bench -- PART … [options]

${table(parts.map(({ name, takes, measures }) => ({ part: name, takes, measures })))}

  --rounds N    how often each thing is measured, in turn with the others
  --rows N      import: rows of the Kaggle layout (25000 is the real count)
  --portable    training: the portable engine, too (takes several times as long)
  --gpu         training: on the first NVIDIA GPU, larger networks, against PyTorch
  --python FILE training: a Python that has PyTorch (and Keras), instead of making one

Figures are printed and written to test-results/bench-PART.json. Exit code 1: a target is missed; 2: no figures.
`;

process.on('SIGINT', () => process.exit(130)); // so that temporary folders are removed
process.on('SIGTERM', () => process.exit(143));
await main().catch((error: Error) => {
  console.error(`✖ ${error.message}`);
  process.exit(2); // no figures, which is not the same as bad ones
});

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      rows: { type: 'string', default: '25000' },
      portable: { type: 'boolean', default: false },
      gpu: { type: 'boolean', default: false },
      python: { type: 'string' },
    },
  });
  const chosen = positionals.map((name) => {
    const part = parts.find((candidate) => candidate.name === name);
    if (!part) throw new Error(`There is no part "${name}": ${parts.map((known) => known.name).join(', ')}.`);
    return part;
  });
  if (chosen.length === 0) console.log(usage);
  for (const part of chosen) {
    const isGood = await measure(part, {
      rows: atLeastOne('--rows', values.rows),
      rounds: values.rounds === undefined ? undefined : atLeastOne('--rounds', values.rounds),
      portable: values.portable,
      gpu: values.gpu,
      python: values.python,
      say: (line) => console.error(`  ${line}`),
    });
    if (!isGood) process.exitCode = 1;
  }
}

/** Runs one part, shows and keeps its figures. True when every target is met. */
async function measure(part: Part, options: Options): Promise<boolean> {
  console.error(`${part.name}: ${part.measures} (${part.takes})`);
  const before = load();
  const startedAt = new Date();
  const result = await part.run(options);
  const seconds = (Date.now() - startedAt.getTime()) / 1000;

  const loads = { before, after: load() };
  show(result, loads);
  const file = path.join(repository, 'test-results', `bench-${part.name}.json`);
  mkdirSync(path.dirname(file), { recursive: true });
  const { name, measures } = part;
  const facts = { name, measures, startedAt, seconds, commit: commit(), machine: machine(), load: loads };
  writeFileSync(file, `${JSON.stringify({ ...facts, ...result }, null, 2)}\n`);
  return result.checks.every(isMet);
}

function show({ rows, checks, notes }: Result, { before, after }: { before: number; after: number }): void {
  const { cores, cpu } = machine();
  console.log(`\n${table(rows)}\n`);
  for (const check of checks) console.log(checkLine(check));
  for (const note of notes) console.log(`· ${note}`);
  console.log(
    `· ${cores} cores (${cpu}), load ${threeDigits(before)} before and ${threeDigits(after)} after.\n`,
  );
}

function checkLine(check: Check): string {
  const { what, value, atMost, unit } = check;
  const figure = (number: number) => `${threeDigits(number)} ${unit}`.trimEnd();
  return `${isMet(check) ? '✔' : '✖'} ${what}: ${figure(value)} (target: at most ${figure(atMost)})`;
}

function atLeastOne(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`${option} ${text}: give a whole number from 1.`);
}
