import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Checkpoint, DomainError, type RunDetail, type StoredPoint } from '@chromatune/contracts';
import type { Progress } from '@chromatune/data';
import type { ApiClient } from '../api/api-client.js';
import { bytesText, count } from '../output/format.js';
import { ProgressDisplay } from '../output/progress.js';
import type { Context } from './add-command.js';
import { explained } from './out-folder.js';
import { untilInterrupted } from './until-interrupted.js';

const pageSize = 50_000;

interface ExportOptions {
  out: string;
  checkpoints?: boolean;
}

/**
 * Writes a run to a folder: recipe.json (with its environment and digests), points.csv, points.json,
 * samples/epoch-<n>.png and, when asked, checkpoints/step-<n>.safetensors, which are verified.
 */
export async function exportRun({ api, output }: Context, id: string, options: ExportOptions): Promise<void> {
  const folder = path.resolve(options.out);
  const progress = new ProgressDisplay(output);
  const meaning = `${folder} may hold a part of the run; the same command writes it whole.`;
  try {
    const { points, samples, checkpoints } = await untilInterrupted(meaning, (signal) =>
      explained(folder, () => writeRun(api.until(signal), id, options, progress.report)),
    );
    progress.stop();
    output.result({ folder, points, samples, checkpoints }, () => {
      const weights = checkpoints > 0 ? `, ${count(checkpoints, 'checkpoint')}` : '';
      return `Wrote the recipe, ${count(points, 'point')}, ${count(samples, 'sample')}${weights} to ${folder}.`;
    });
  } finally {
    progress.stop();
  }
}

/** How many there were of each. */
async function writeRun(
  api: ApiClient,
  id: string,
  { out, checkpoints }: ExportOptions,
  onProgress: Progress,
): Promise<{ points: number; samples: number; checkpoints: number }> {
  const run = await api.getRun(id);
  const samples = await api.listSamples(id);
  const wanted = checkpoints ? run.checkpoints : [];
  await mkdir(path.join(out, 'samples'), { recursive: true });
  const points = await readAllPoints(api, run);
  await writeFile(path.join(out, 'recipe.json'), `${JSON.stringify(provenance(run), null, 2)}\n`);
  await writeFile(path.join(out, 'points.json'), toJsonLines(points));
  await api.downloadPointsCsv(id, path.join(out, 'points.csv'));
  for (const [index, sample] of samples.entries()) {
    onProgress(index, samples.length, 'samples');
    await api.downloadSample(sample, path.join(out, 'samples', `epoch-${sample.epoch}.png`));
  }
  for (const [index, checkpoint] of wanted.entries()) {
    onProgress(index, wanted.length, 'checkpoints');
    await downloadVerified(api, id, checkpoint, path.join(out, 'checkpoints'));
  }
  return { points: points.length, samples: samples.length, checkpoints: wanted.length };
}

/** Everything that says where the numbers come from. */
const provenance = (run: RunDetail) => ({
  run: run.id,
  sweep: run.sweepId,
  label: run.label,
  recipe: run.recipe,
  microBatch: run.microBatch,
  environment: run.environment,
  recipeDigest: run.recipeDigest,
  weightsSha256: run.weightsSha256,
});

async function readAllPoints(api: ApiClient, { id, attempts }: RunDetail): Promise<StoredPoint[]> {
  const points: StoredPoint[] = [];
  for (const { number: attempt } of attempts) {
    for (let after = 0; ;) {
      const page = await api.getPoints(id, { attempt, after, limit: pageSize });
      points.push(...page);
      const last = page.at(-1);
      if (!last || page.length < pageSize) break;
      after = last.seq;
    }
  }
  return points;
}

/** A JSON array with one point a line: small differences between two exports stay readable. */
const toJsonLines = (points: StoredPoint[]) =>
  points.length === 0 ? '[]\n' : `[\n${points.map((point) => JSON.stringify(point)).join(',\n')}\n]\n`;

async function downloadVerified(
  api: ApiClient,
  id: string,
  checkpoint: Checkpoint,
  folder: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, `step-${checkpoint.step}.safetensors`);
  await api.downloadCheckpoint(id, checkpoint, file);
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  if (hash.digest('hex') === checkpoint.sha256) return;
  await rm(file);
  throw new DomainError(
    'corrupt_checkpoint',
    502,
    `The checkpoint of step ${checkpoint.step} (${bytesText(checkpoint.bytes)}) arrived with another digest.`,
    {
      remedy: 'Try again. If it stays so, the object in the store is damaged.',
    },
  );
}
