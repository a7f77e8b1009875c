import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { datasetName } from '@chromatune/contracts';
import { z } from 'zod';
import { say } from './terminal.js';

export interface FirstStart {
  root: string;
  apiUrl: string;
  /** For a temporary spec. */
  folder: string;
  photos: string | undefined;
  launchSweep: boolean;
}

const firstDataset = 'first-photos';

/** Gives a new installation something to look at: real photographs, and a small sweep on them. */
export async function firstStart(options: FirstStart): Promise<void> {
  if (!options.photos && !options.launchSweep) return;
  const dataset = await ensureDataset(options);
  if (!dataset || !options.launchSweep) return;
  if (options.photos || (await listed(options.apiUrl, 'sweeps')).length === 0)
    await launchFirstSweep(options, dataset);
}

/** Name of the dataset to train on, or undefined when none could be had or people have brought their own. */
async function ensureDataset({ root, apiUrl, photos }: FirstStart): Promise<string | undefined> {
  if (photos) {
    const name = nameOfFolder(photos);
    const isImported = await chromatune(root, apiUrl, ['data', 'import', 'photos', photos, '--name', name]);
    return isImported ? name : undefined;
  }
  const datasets = await listed(apiUrl, 'datasets');
  if (datasets.length > 0) return datasets.find(({ name }) => name === firstDataset)?.name;
  if (await chromatune(root, apiUrl, ['data', 'import', 'first-photos', '--name', firstDataset]))
    return firstDataset;
  say('No photographs could be imported. Give your own:            npm start -- --photos DIR');
  say(
    'or try everything else on procedural scenes:                npx chromatune data import synthetic --name synthetic-scenes',
  );
  return undefined;
}

async function launchFirstSweep({ root, apiUrl, folder }: FirstStart, dataset: string) {
  const spec = readFileSync(path.join(root, 'examples/first-sweep.yaml'), 'utf8').replace(
    /^dataset:.*$/m,
    `dataset: ${dataset}`,
  );
  const file = path.join(folder, 'first-sweep.yaml');
  writeFileSync(file, spec);
  await chromatune(root, apiUrl, ['sweep', 'launch', file]);
}

/** Runs the CLI as the user would, its lines above the engine's progress bar. True when it succeeded. */
function chromatune(root: string, apiUrl: string, args: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path.join(root, 'apps/cli/bin/chromatune.mjs'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CHROMATUNE_API_URL: apiUrl },
    });
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', say);
    child.on('close', (code) => resolve(code === 0));
  });
}

async function listed(apiUrl: string, what: 'datasets' | 'sweeps'): Promise<{ name: string }[]> {
  const answer = await fetch(`${apiUrl}/api/${what}`);
  return z.array(z.object({ name: z.string() })).parse(await answer.json());
}

/** `/home/me/My Photos` becomes `my-photos`. */
export function nameOfFolder(folder: string): string {
  const slug = path
    .basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63);
  return datasetName.safeParse(slug).success ? slug : 'photos';
}
