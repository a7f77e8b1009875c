import path from 'node:path';
import { DomainError, isLpips, type Weights, weightsName } from '@chromatune/contracts';
import { type Command, InvalidArgumentError } from 'commander';
import type { Progress } from '@chromatune/data';
import type { ApiClient } from '../api/api-client.js';
import { tryAgain } from '../api/try-again.js';
import { ageText, bytesText, count, shortDigest } from '../output/format.js';
import type { Colors } from '../output/output.js';
import { ProgressDisplay } from '../output/progress.js';
import { facts, table } from '../output/table.js';
import type { Tools } from '../run-cli.js';
import { addCommand, type Context } from './add-command.js';
import { untilInterrupted } from './until-interrupted.js';

export function addWeightsCommands(program: Command, tools: Tools): void {
  const weights = program
    .command('weights')
    .description('bring pretrained weights in: of encoders, and of LPIPS');
  addCommand(
    weights,
    'import <file>',
    'from a .pth or .pt of PyTorch, a .safetensors or an .npz; no code in it is ever run',
    tools,
    importWeightsFile,
  ).option('--name <name>', 'name for people (by default that of the file)', readName);
  addCommand(weights, 'list', 'list imported weights', tools, listWeights);
  addCommand(
    weights,
    'show <weights>',
    'show imported weights: their digest or its beginning, or their name',
    tools,
    showWeights,
  );
}

/** Reads the file here, sends what the API does not have yet, and makes it known. Doing it again is harmless. */
async function importWeightsFile(
  { api, output }: Context,
  file: string,
  { name = nameOf(file) }: { name?: string },
): Promise<void> {
  const known = await api.listWeights(); // before seconds of work, not after them
  const progress = new ProgressDisplay(output);
  try {
    const { isNew, kind, leftOut, stored } = await untilInterrupted('Nothing was imported.', (signal) =>
      importAndStore(api, file, { name, known, onProgress: progress.report, signal }),
    );
    progress.stop();
    output.result({ ...stored, leftOut }, () =>
      [
        isNew ? `Imported ${stored.name} from ${kind}.` : `Known already, as ${stored.name}.`,
        leftOut.length > 0 ? `Left out, as no part of the network: ${leftOutText(leftOut)}.` : '',
        weightsText(stored, output.colors),
      ]
        .filter(Boolean)
        .join('\n'),
    );
  } finally {
    progress.stop();
  }
}

interface StoreOptions {
  name: string;
  known: Weights[];
  onProgress: Progress;
  signal: AbortSignal;
}

async function importAndStore(
  api: ApiClient,
  file: string,
  { name, known, onProgress, signal }: StoreOptions,
) {
  const { importWeights } = await import('@chromatune/data');
  const { digest, bytes, kind, leftOut } = await importWeights(path.resolve(file), (...step) => {
    signal.throwIfAborted();
    onProgress(...step);
  });
  const isNew = !known.some((one) => one.digest === digest);
  if (isNew) {
    onProgress(0, 1, 'storing weights');
    await tryAgain(() => api.until(signal).putWeights(digest, bytes), signal);
  }
  signal.throwIfAborted(); // from here on it would no longer be true that nothing was imported
  const source = path.basename(file).slice(-255);
  const stored = await tryAgain(() => api.registerWeights({ digest, name, source }));
  return { isNew, kind, leftOut, stored };
}

const leftOutText = (names: string[]) =>
  names.length <= 4 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;

async function listWeights({ api, output }: Context): Promise<void> {
  const weights = await api.listWeights();
  output.result(weights, () =>
    weights.length === 0
      ? 'No weights yet. Import some: npx chromatune weights import resnet34.pth'
      : weightsTable(weights, output.colors),
  );
}

const weightsTable = (weights: Weights[], colors: Colors) =>
  table(
    weights,
    [
      { title: 'WEIGHTS', value: ({ name }) => name },
      { title: 'DIGEST', value: ({ digest }) => shortDigest(digest) },
      { title: 'NETWORK', value: ({ network }) => network },
      { title: 'SIZE', value: ({ bytes }) => bytesText(bytes), right: true },
      { title: 'FROM', value: ({ source }) => source },
      { title: 'AGE', value: ({ createdAt }) => ageText(createdAt), right: true },
    ],
    colors,
  );

async function showWeights({ api, output }: Context, which: string): Promise<void> {
  const all = await api.listWeights();
  const found = all.filter(({ digest, name }) => name === which || digest.startsWith(which));
  const [first] = found;
  if (!first || found.length > 1) throw noSingle(which, found.length > 0 ? found : all, found.length);
  output.result(first, () => weightsText(first, output.colors));
}

const noSingle = (which: string, candidates: Weights[], matches: number) =>
  new DomainError(
    matches > 1 ? 'weights_ambiguous' : 'weights_not_found',
    matches > 1 ? 409 : 404,
    matches > 1 ? `${which} fits ${count(matches, 'file')} of weights.` : `There are no weights ${which}.`,
    {
      remedy:
        candidates.length > 0
          ? `Name one of: ${candidates
              .slice(0, 10)
              .map(({ name, digest }) => `${shortDigest(digest)} (${name})`)
              .join(', ')}.`
          : 'Import some: npx chromatune weights import FILE',
    },
  );

const weightsText = ({ name, digest, network, tensors, bytes, source, createdAt }: Weights, colors: Colors) =>
  [
    facts(
      [
        ['weights', colors.bold(name)],
        ['digest', digest],
        ['network', network],
        ['holds', `${count(tensors, 'tensor')}, ${bytesText(bytes)}`],
        ['from', source],
        ['imported', `${ageText(createdAt)} ago`],
      ],
      colors,
    ),
    `${colors.dim('in a sweep file')}\n${inSweepFile({ network, digest })}`,
  ].join('\n\n');

const inSweepFile = ({ network, digest }: Pick<Weights, 'network' | 'digest'>) =>
  isLpips(network) ? `training:\n  lpips: ${digest}` : `model:\n  encoder: ${network}\n  weights: ${digest}`;

/** "resnet34-b627a593" of "ResNet34-b627a593.pth". */
function nameOf(file: string): string {
  const stem = path.basename(file, path.extname(file)).toLowerCase();
  const name = stem.replace(/[^a-z0-9._-]+/g, '-').replace(/^[^a-z0-9]+|-+$/g, '');
  return name.slice(0, 63) || 'weights';
}

function readName(text: string): string {
  const parsed = weightsName.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`Weights cannot be called that: ${parsed.error.issues[0]?.message}.`);
}
