import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DomainError,
  isEnded,
  type Recipe,
  recipe,
  type RunDetail,
  type Verdict,
} from '@chromatune/contracts';
import { z } from 'zod';
import { ApiProblem } from '../api/api-errors.js';
import { fileReason } from '../output/file-reason.js';
import { ProgressDisplay } from '../output/progress.js';
import { exitCodes } from '../run-cli.js';
import type { Context } from './add-command.js';
import { verdictText } from './verdict-text.js';
import { patiently } from './watch-sweep.js';

const pauseMs = 500;
/** The API compares within moments of the end of the training. */
const comparisonMs = 120_000;

interface ReproduceOptions {
  recipe?: string;
  wait: boolean;
}

/** Queues a reproduction, waits for its end and prints the verdict. With --json: `{ run, verdict }`. */
export async function reproduceRun(context: Context, id: string, options: ReproduceOptions): Promise<void> {
  const { api, output, finish } = context;
  const otherRecipe = options.recipe === undefined ? undefined : await readRecipe(options.recipe);
  const queued = await api.reproduceRun(id, otherRecipe).catch((error: unknown) => {
    if (!(error instanceof ApiProblem) || error.code !== 'not_reproducible') throw error;
    return error;
  });
  if (queued instanceof ApiProblem) {
    const reason = queued.message.replace(/^NOT REPRODUCIBLE because /, '').replace(/\.$/, '');
    return tellVerdict(context, null, { verdict: 'NOT REPRODUCIBLE', reason }, queued.remedy);
  }
  const { expected, reason, ...run } = queued;
  if (!options.wait) {
    return output.result(
      { run, expected, reason },
      () => `Queued ${run.id}; ${expected} is expected: ${reason}.`,
    );
  }
  output.note(`Training ${run.id}; ${expected} is expected: ${reason}.`);
  const ended = await untilJudged(context, run.id);
  if (ended.verdict) return tellVerdict(context, ended, ended.verdict);
  finish(exitCodes.failed);
  const why = ended.failure ? `${ended.failure.message} ${ended.failure.remedy}` : `it is ${ended.state}`;
  output.result({ run: ended, verdict: null }, () => `${run.id} came to no verdict: ${why}`);
}

function tellVerdict(
  { output, finish }: Context,
  run: RunDetail | null,
  verdict: Verdict,
  remedy?: string,
): void {
  const isSame = verdict.verdict === 'IDENTICAL' || verdict.verdict === 'EQUIVALENT';
  if (!isSame) finish(exitCodes.notReproduced);
  output.result(
    { run, verdict },
    () => verdictText(verdict, output.colors) + (remedy ? `\n  → ${remedy}` : ''),
  );
}

async function untilJudged({ api, output }: Context, id: string): Promise<RunDetail> {
  const progress = new ProgressDisplay(output);
  let giveUpAt = Infinity;
  try {
    for (;;) {
      const run = await patiently(() => api.getRun(id));
      if (run.verdict) return run;
      if (isEnded(run.state) && giveUpAt === Infinity) giveUpAt = Date.now() + comparisonMs;
      if (Date.now() > giveUpAt || (isEnded(run.state) && run.state !== 'completed')) return run;
      if (run.totalSteps) progress.report(run.step, run.totalSteps, 'training again');
      await sleep(pauseMs);
    }
  } finally {
    progress.stop();
  }
}

/** A recipe as JSON, or a recipe.json of `run export`, which has it under `recipe`. */
async function readRecipe(file: string): Promise<Recipe> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new DomainError('unreadable_file', 400, `${file} cannot be read: ${fileReason(cause)}.`, {
      remedy: 'Name a recipe as JSON, for example recipe.json of npx chromatune run export.',
      cause,
    });
  });
  const parsed = z
    .preprocess((value) => (value as { recipe?: unknown } | null)?.recipe ?? value, recipe)
    .safeParse(parseJson(text, file));
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw new DomainError('invalid_recipe', 400, `${file} is not a recipe.`, {
    fields,
    remedy: 'Begin with recipe.json of npx chromatune run export, and change values in it.',
  });
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DomainError('invalid_recipe', 400, `${file} is not JSON: ${(error as Error).message}.`);
  }
}
