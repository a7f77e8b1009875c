import { type Run, run as runSchema, isEnded, sweep, trainer } from '@chromatune/contracts';
import { type Platform, startPlatform, temporaryFolder, until } from '@chromatune/test-support';
import { z } from 'zod';

/** What `launchRuns` trains. */
export interface TrainedNetwork {
  name: string;
  /** As in a sweep file. */
  model: string;
  batchSize: number;
}

export const firstSweep: TrainedNetwork = {
  name: 'first sweep',
  model: 'encoder: resnet18, width: 0.5, imageSize: 64',
  batchSize: 16,
};
export const table1: TrainedNetwork = {
  name: 'Table 1',
  model: 'encoder: resnet34, imageSize: 64',
  batchSize: 32,
};

/** The platform as a user starts it, at rest, with a dataset of so many drawn scenes, one image each. */
export const startWithScenes = (name: string, scenes: number): Promise<Platform> =>
  startWithData(name, ['synthetic', '--name', 'scenes', '--size', '64', '--images', String(scenes)]);

/** The same with the dataset of the first start, `first-photos`. */
export const startWithFirstPhotos = (name: string): Promise<Platform> =>
  startWithData(name, ['first-photos']);

async function startWithData(name: string, data: string[]): Promise<Platform> {
  const platform = await startPlatform({
    folder: temporaryFolder(`bench-${name}`),
    arguments: ['--no-sweep'],
  });
  try {
    await until('the end of the first start', async () => platform.output().includes('Ctrl-C stops'));
    const imported = await platform.cli('data', 'import', ...data);
    if (imported.code !== 0) throw new Error(`The import failed: ${imported.stderr}`);
    return platform;
  } catch (error) {
    await platform.stop();
    throw error;
  }
}

/** How many runs the trainer takes side by side; waits until it is there. */
export async function slotsOf(platform: Platform): Promise<number> {
  let slots = 0;
  await until('the trainer', async () => {
    slots = (await platform.get('trainers', z.array(trainer)))[0]?.slots ?? 0;
    return slots > 0;
  });
  return slots;
}

/** Launches a sweep of as many runs of a regression, side by side. They differ in their seed. */
export function launchRuns(
  platform: Platform,
  { model, batchSize }: TrainedNetwork,
  options: { runs: number; epochs: number },
): Promise<string> {
  const seeds = Array.from({ length: options.runs }, (_, seed) => seed);
  const yaml = `
name: bench
dataset: scenes
model: { ${model} }
training: { loss: regression, batchSize: ${batchSize} }
space: { seed: [${seeds.join(', ')}] }
search: { method: grid, parallel: ${options.runs} }
budget: { epochs: ${options.epochs} }
samples: { images: 8, every: 1 }
`;
  return launchSweep(platform, yaml);
}

/** Launches a sweep file's text. Gives the sweep's id. */
export async function launchSweep(platform: Platform, yaml: string): Promise<string> {
  const answer = await fetch(`${platform.apiUrl}/api/sweeps`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ yaml }),
  });
  if (!answer.ok) throw new Error(`The sweep was refused: ${await answer.text()}`);
  return sweep.parse(await answer.json()).id;
}

export const runsOf = (platform: Platform, sweepId: string): Promise<Run[]> =>
  platform.get(`sweeps/${sweepId}/runs`, z.array(runSchema));

/** Waits for the end of all runs. @throws when one of them is not completed */
export async function untilCompleted(platform: Platform, sweepId: string, count: number): Promise<Run[]> {
  const runs = await untilEnded(platform, sweepId, { count, timeoutMs: 20 * 60_000 });
  const other = runs.find(({ state }) => state !== 'completed');
  if (other) throw new Error(`Run ${other.id} ${other.state}: ${other.failure?.message ?? other.note}`);
  return runs;
}

/** Waits until so many runs have ended, whichever way. */
export async function untilEnded(
  platform: Platform,
  sweepId: string,
  { count, timeoutMs }: { count: number; timeoutMs: number },
): Promise<Run[]> {
  let runs: Run[] = [];
  await until(
    `the end of sweep ${sweepId}`,
    async () => {
      runs = await runsOf(platform, sweepId);
      return runs.length === count && runs.every(({ state }) => isEnded(state));
    },
    timeoutMs,
    2000, // asking costs the API and Postgres what is measured
  );
  return runs;
}
