import { rm } from 'node:fs/promises';
import path from 'node:path';
import { datasetName, DomainError } from '@chromatune/contracts';
import type { ImportOptions, ImportResult } from '@chromatune/data';
import { type Command, InvalidArgumentError } from 'commander';
import { count, shortDigest } from '../output/format.js';
import { ProgressDisplay } from '../output/progress.js';
import type { Tools } from '../run-cli.js';
import { addCommand, type Context } from './add-command.js';
import { imagesText } from './data.js';
import { untilInterrupted } from './until-interrupted.js';
import { uploadDataset } from './upload-dataset.js';

interface SharedOptions {
  name: string;
  size?: number;
  seed?: number;
}

export function addImportCommands(data: Command, tools: Tools): void {
  const imports = data
    .command('import')
    .description('make a dataset version; interrupted imports go on where they stopped');
  const add = <Arguments extends unknown[]>(
    usage: string,
    description: string,
    name: string | null,
    work: (context: Context, ...args: Arguments) => Promise<void>,
  ) => {
    const command = addCommand(imports, usage, description, tools, work);
    return (
      name === null
        ? command.requiredOption('--name <name>', 'name of the dataset', readName)
        : command.option('--name <name>', 'name of the dataset', readName, name)
    )
      .option('--size <pixels>', 'side of the square images (by default 64; of npy, theirs)', whole)
      .option('--seed <number>', 'seed of split and crops (by default 0)', whole);
  };
  add('photos <folder>', 'from a folder of photographs: JPEG, PNG, WebP, TIFF, AVIF', null, importFolder)
    .option('--crops-per-photo <number>', 'random crops of each training photograph (by default 8)', whole)
    .option('--title <text>', 'title for people');
  add(
    'npy [folder]',
    'from L and ab in npy files, such as the Kaggle set (l.zip and ab.zip, or unpacked)',
    null,
    importArrays,
  )
    .option('--l <file>', 'npy, npz or zip with L')
    .option('--ab <file...>', 'npy, npz or zip files with ab, in the order of their rows')
    .option('--limit <rows>', 'only the first rows', whole)
    .option('--allow-misaligned', 'import even when L and ab seem not to belong together');
  add(
    'first-photos',
    'real photographs from Debian packages, fetched through apt',
    'first-photos',
    importFirstPhotos,
  ).option('--crops-per-photo <number>', 'random crops of each training photograph (by default 8)', whole);
  add('synthetic', 'procedural scenes, to try things without photographs', 'synthetic-scenes', importScenes)
    .option('--images <number>', 'how many scenes (by default 400)', whole)
    .option(
      '--crops-per-photo <number>',
      'random crops of each training scene (by default 4, or 1 with --images)',
      whole,
    );
}

type PhotoOptions = SharedOptions & { cropsPerPhoto?: number; title?: string };

function importFolder(context: Context, folder: string, { cropsPerPhoto, title, ...shared }: PhotoOptions) {
  return importAndUpload(context, shared, async (options) => {
    const { importPhotos } = await import('@chromatune/data');
    return importPhotos({ ...options, folder: path.resolve(folder), ...defined({ cropsPerPhoto, title }) });
  });
}

function importFirstPhotos(context: Context, { cropsPerPhoto, ...shared }: PhotoOptions) {
  return importAndUpload(context, shared, async (options) => {
    const { fetchFirstPhotos, importPhotos } = await import('@chromatune/data');
    const cache = path.join(context.settings.cacheFolder, 'first-photos');
    const { folder, credits } = await fetchFirstPhotos({ folder: cache, ...pick(options) });
    return importPhotos({
      ...options,
      folder,
      credits,
      title: 'First photographs',
      ...defined({ cropsPerPhoto }),
    });
  });
}

const pick = ({ onProgress, signal }: ImportOptions) => defined({ onProgress, signal });

type ArrayOptions = SharedOptions & { l?: string; ab?: string[]; limit?: number; allowMisaligned?: boolean };

function importArrays(context: Context, folder: string | undefined, options: ArrayOptions) {
  const { l, ab, limit, allowMisaligned, ...shared } = options;
  if (folder === undefined && (l === undefined || ab === undefined)) {
    throw new DomainError('missing_input', 400, 'There is nothing to import.', {
      remedy: 'Name the folder of the set, or its files: --l l.zip --ab ab.zip.',
    });
  }
  return importAndUpload(context, shared, async (common) => {
    const { importNpy } = await import('@chromatune/data');
    return importNpy({ ...common, ...defined({ folder, l, ab, limit, allowMisaligned }) });
  });
}

type SceneOptions = SharedOptions & { images?: number; cropsPerPhoto?: number };

function importScenes(context: Context, { images, cropsPerPhoto, ...shared }: SceneOptions) {
  return importAndUpload(context, shared, async (options) => {
    const { importSynthetic } = await import('@chromatune/data');
    // who names a number of images wants that many, not some crops of each
    const crops = cropsPerPhoto ?? (images === undefined ? undefined : 1);
    return importSynthetic({ ...options, ...defined({ scenes: images, cropsPerPhoto: crops }) });
  });
}

/** Builds the dataset here, sends what the API does not have yet, and registers it. Ctrl-C stops at the next shard. */
async function importAndUpload(
  context: Context,
  { name, size, seed }: SharedOptions,
  build: (options: ImportOptions & { imageSize?: number }) => Promise<ImportResult>,
): Promise<void> {
  const { api, output, settings } = context;
  await api.health(); // before minutes of work, not after them
  const progress = new ProgressDisplay(output);
  const work = async (signal: AbortSignal) => {
    const result = await build({
      name,
      workFolder: path.join(settings.cacheFolder, 'imports'),
      onProgress: progress.report,
      signal,
      ...defined({ seed, imageSize: size }),
    });
    const version = await uploadDataset(api.until(signal), result, { onProgress: progress.report, signal });
    return { result, version };
  };
  try {
    const { result, version } = await untilInterrupted('The same command goes on where it stopped.', work);
    progress.stop();
    await rm(result.folder, { recursive: true, force: true });
    const { skipped } = result.manifest;
    output.result({ ...version, skipped }, () => {
      const left =
        skipped.length > 0 ? ` ${count(skipped.length, 'file')} skipped; data show ${name} says why.` : '';
      return `Imported ${name} (${shortDigest(version.digest)}): ${imagesText(version)} images of ${version.imageSize} px to train, validate and test.${left}`;
    });
  } finally {
    progress.stop();
  }
}

/** Leaves out what was not given, so that the importer's defaults hold. */
const defined = <T extends object>(options: T) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

function whole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function readName(text: string): string {
  const parsed = datasetName.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`A dataset name cannot be that: ${parsed.error.issues[0]?.message}.`);
}
