import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  checkpointChoice,
  colorizeQuery,
  DomainError,
  maxPhotoBytes,
  type PictureFormat,
} from '@chromatune/contracts';
import { type Command, InvalidArgumentError } from 'commander';
import type { ColorizeOptions } from '../api/api-client.js';
import { tryAgain } from '../api/try-again.js';
import { fileReason } from '../output/file-reason.js';
import { bytesText, count } from '../output/format.js';
import { ProgressDisplay } from '../output/progress.js';
import { exitCodes, type Tools } from '../run-cli.js';
import { addCommand, type Context } from './add-command.js';
import { makeWritableFolder, writePicture } from './out-folder.js';
import { readText } from './read-text.js';
import { untilInterrupted } from './until-interrupted.js';
import { planPhotos, type PlannedPhoto, type SkippedFile, unreadablePhoto } from './plan-photos.js';

interface Options extends Omit<ColorizeOptions, 'format'> {
  run: string;
  out: string;
}

export function addColorizeCommand(program: Command, tools: Tools): void {
  addCommand(
    program,
    'colorize <photos...>',
    'colour photographs, or folders of them, with a run: JPEG, PNG, WebP, TIFF, AVIF',
    tools,
    colorize,
  )
    .requiredOption('--run <run>', 'id of the run that colours', readText)
    .option('--epoch <epoch>', 'checkpoint of this epoch (default: best)', readEpoch)
    .option('--temperature <number>', 'of the annealed mean, 0.01 to 2: lower is more vivid', readTemperature)
    .option('--out <folder>', 'where to; it is made when missing', readText, 'colorized');
}

interface Failure {
  photo: string;
  reason: string;
}

/** Sends one photograph after the other. One that cannot be read does not keep the others from being coloured. */
async function colorize(
  { api, output, finish }: Context,
  given: string[],
  { run, out, epoch, temperature }: Options, // and the common ones, which the API does not know
): Promise<void> {
  const folder = path.resolve(out);
  const { photos, skipped } = await planPhotos(given, folder);
  await makeWritableFolder(folder); // before a trainer has worked for it
  const outcome: Outcome = { folder, colored: [], failed: [], left: [...photos], skipped };
  const work = (signal: AbortSignal) => {
    const query = { epoch, temperature };
    const color: Color = (bytes, format) =>
      tryAgain(() => api.until(signal).colorize(run, bytes, { ...query, format }), signal);
    return colorizeAll(outcome, color, new ProgressDisplay(output));
  };
  try {
    await untilInterrupted('What is coloured stays; the same command begins anew.', work);
  } finally {
    const isBegun = outcome.left.length < photos.length;
    if (isBegun) output.result(outcome, () => summary(outcome)); // also when the rest cannot be done
  }
  if (outcome.failed.length > 0) finish(exitCodes.failed);
}

type Color = (photo: Uint8Array, format: PictureFormat) => Promise<Uint8Array>;

/** Takes the photographs that are left to those that are coloured or failed. */
async function colorizeAll(outcome: Outcome, color: Color, progress: ProgressDisplay): Promise<void> {
  const total = outcome.left.length;
  try {
    for (let photo = outcome.left[0]; photo; photo = outcome.left[0]) {
      progress.report(total - outcome.left.length, total, 'colouring');
      try {
        await colorizeOne(photo, color);
        outcome.colored.push(photo);
      } catch (error) {
        if (total === 1 || !isOfPhoto(error)) throw error;
        outcome.failed.push({ photo: photo.source, reason: error.message });
      }
      outcome.left.shift();
    }
    progress.report(total, total, 'colouring');
  } finally {
    progress.stop();
  }
}

async function colorizeOne({ source, target, format }: PlannedPhoto, color: Color): Promise<void> {
  await writePicture(target, await color(await readPhoto(source), format));
}

async function readPhoto(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size > maxPhotoBytes) throw tooLarge(file, size);
    if (size === 0) throw unreadablePhoto(file, 'it is empty');
    return await readFile(file);
  } catch (error) {
    throw error instanceof DomainError ? error : unreadablePhoto(file, fileReason(error), error);
  }
}

/** Whether another photograph may fare better. */
const isOfPhoto = (error: unknown): error is DomainError =>
  error instanceof DomainError && /photo|^colorize_/.test(error.code) && error.code !== 'too_many_photos';

const tooLarge = (file: string, bytes: number) =>
  new DomainError(
    'photo_too_large',
    413,
    `${file} has ${bytesText(bytes)}; ${bytesText(maxPhotoBytes)} is the most that is coloured.`,
    { remedy: 'Save it smaller, or as JPEG.' },
  );

interface Outcome {
  folder: string;
  colored: PlannedPhoto[];
  failed: Failure[];
  /** Not tried, because the work ended before them. */
  left: PlannedPhoto[];
  skipped: SkippedFile[];
}

function summary({ folder, colored, failed, left, skipped }: Outcome): string {
  const where = colored.length === 1 ? colored[0]!.target : folder;
  return [
    ...(colored.length > 0 ? [`Coloured ${count(colored.length, 'photograph')}: ${where}`] : []),
    ...listed(
      `${count(failed.length, 'photograph')} could not be coloured:`,
      failed.map(({ photo, reason }) => (reason.startsWith(photo) ? reason : `${photo}: ${reason}`)),
    ),
    ...(left.length > 0 ? [`${count(left.length, 'photograph')} left.`] : []),
    ...listed(
      `${count(skipped.length, 'file')} skipped:`,
      skipped.map(({ file, reason }) => `${file}: ${reason}`),
    ),
  ].join('\n');
}

/** A heading and ten lines at most; nothing when there are none. */
function listed(heading: string, lines: string[]): string[] {
  if (lines.length === 0) return [];
  const shown = lines.slice(0, 10).map((line) => `  ${line}`);
  const more = lines.length > shown.length ? [`  … and ${lines.length - shown.length} more`] : [];
  return [heading, ...shown, ...more];
}

function readEpoch(text: string): number | 'best' {
  const parsed = checkpointChoice.safeParse(text);
  const isPlain = /^(best|\d+)$/.test(text); // JavaScript takes 0x6 and 1e3 for numbers too
  if (isPlain && parsed.success) return parsed.data;
  throw new InvalidArgumentError('It must be best, or the number of an epoch.');
}

function readTemperature(text: string): number {
  const parsed = colorizeQuery.shape.temperature.safeParse(text);
  if (parsed.success && parsed.data !== undefined) return parsed.data;
  throw new InvalidArgumentError('It must be a number from 0.01 to 2.');
}
