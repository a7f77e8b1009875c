import {
  canonicalJson,
  DomainError,
  type ModelRecipe,
  modelParameters,
  type ParameterValues,
  type Recipe,
} from '@chromatune/contracts';
import {
  describeNetwork,
  forecastMemory,
  gigabytesText,
  type LayerDescription,
  type NetworkDescription,
} from '@chromatune/models/describe';
import { countRuns, readSpec, runLabel, suggest, toRecipe } from '@chromatune/search';
import type { Command } from 'commander';
import { bytesText, count, largeText } from '../output/format.js';
import type { Colors } from '../output/output.js';
import { facts, table } from '../output/table.js';
import type { Tools } from '../run-cli.js';
import { addCommand, type Context } from './add-command.js';
import { readText } from './read-text.js';
import { readSpecFile } from './spec-file.js';

export function addModelCommands(program: Command, tools: Tools): void {
  const model = program.command('model').description('look at the networks that sweeps train');
  addCommand(
    model,
    'describe [file]',
    'print layers, shapes, parameters, multiply-adds and memory of the networks of a sweep file',
    tools,
    describeModels,
  ).option('--run <run>', 'the network of this run instead', readText);
}

/** One network of a sweep, and the runs that train it. */
interface DescribedNetwork {
  /** What tells it from the sweep's other networks, or which run it is of. */
  label: string | null;
  /** Of a sweep file, how many; of a run, 1. */
  runs: number;
  model: ModelRecipe;
  loss: Recipe['loss']['type'];
  network: NetworkDescription;
  /** What a training process takes, for each batch size of these runs. */
  forecasts: Forecast[];
}

interface Forecast {
  batchSize: number;
  /** Images computed at once. */
  images: number;
  bytes: number;
}

async function describeModels(
  { api, output }: Context,
  file: string | undefined,
  { run: id }: { run?: string },
): Promise<void> {
  if ((file === undefined) === (id === undefined)) {
    throw new DomainError('nothing_to_describe', 400, 'Name either a sweep file or, with --run, a run.', {
      remedy: 'For example: npx chromatune model describe examples/first-sweep.yaml',
    });
  }
  const networks = file === undefined ? [await ofRun(api, id!)] : ofSpec(await readSpecFile(file), file);
  output.result(networks, () => {
    const texts = networks.map((one) => networkText(one, output.colors));
    return `${texts.join('\n\n\n')}\n\n${output.colors.dim(howToRead)}`;
  });
}

async function ofRun(api: Context['api'], id: string): Promise<DescribedNetwork> {
  const { recipe, label } = await api.getRun(id);
  return described(recipe, label);
}

/** The distinct networks of a sweep's runs, in the order in which they come first. */
function ofSpec(text: string, file: string): DescribedNetwork[] {
  const { spec, problems } = readSpec(text);
  if (!spec) {
    throw new DomainError('invalid_sweep', 422, `${file} is not a valid sweep.`, {
      fields: problems,
      remedy: 'Correct these places.',
    });
  }
  const networks = new Map<string, DescribedNetwork>();
  const dataset = { name: spec.dataset, digest: '0'.repeat(64) }; // no network depends on it
  for (let index = 0; index < countRuns(spec); index++) {
    const values = suggest(spec, index);
    if (!values) break;
    const recipe = toRecipe(spec, values, dataset);
    const key = canonicalJson([recipe.model, recipe.loss]);
    const known = networks.get(key);
    const next = described(recipe, networkLabel(values));
    if (known) join(known, next);
    else networks.set(key, next);
  }
  return mergeEqual([...networks.values()]);
}

const described = (recipe: Recipe, label: string | null): DescribedNetwork => ({
  label,
  runs: 1,
  model: recipe.model,
  loss: recipe.loss.type,
  network: describeNetwork(recipe),
  forecasts: [forecastOf(recipe)],
});

function forecastOf(recipe: Recipe): Forecast {
  const { batchSize, microBatch } = recipe;
  const { images, bytes } = forecastMemory(recipe, { images: Math.min(microBatch || batchSize, batchSize) });
  return { batchSize, images, bytes };
}

/** Losses that differ in what no layer shows, such as their penalty, train the same network. */
function mergeEqual(networks: DescribedNetwork[]): DescribedNetwork[] {
  const distinct = new Map<string, DescribedNetwork>();
  for (const one of networks) {
    const key = JSON.stringify(one.network.layers);
    const known = distinct.get(key);
    if (known) join(known, one);
    else distinct.set(key, one);
  }
  return [...distinct.values()];
}

/** Adds the runs of an equal network, which may have other batch sizes; of two forecasts for one, the larger stands. */
function join(known: DescribedNetwork, { runs, forecasts }: DescribedNetwork): void {
  known.runs += runs;
  for (const forecast of forecasts) {
    const same = known.forecasts.find(
      ({ batchSize, images }) => batchSize === forecast.batchSize && images === forecast.images,
    );
    if (same) same.bytes = Math.max(same.bytes, forecast.bytes);
    else known.forecasts.push(forecast);
  }
}

/** Those of a run's parameters that make its network, in words. */
function networkLabel(values: ParameterValues): string | null {
  const entries = Object.entries(values).filter(
    ([name]) => name in modelParameters || ['loss', 'binGridSize', 'binSet'].includes(name),
  );
  return entries.length > 0 ? runLabel(Object.fromEntries(entries)) : null;
}

const howToRead =
  'Shapes are height × width × channels; multiply-adds and activations are of one image.\nA ReLU works in place and is left out, unless it is the last.';

function networkText(described: DescribedNetwork, colors: Colors): string {
  const { label, runs, model, loss, network, forecasts } = described;
  const title = `${model.encoder} to ${model.cut}, ${loss}, ${network.imageSize} px`;
  const more = label === null || title.startsWith(label) ? [] : [label]; // "resnet34" says nothing new
  return [
    `${colors.bold(title)}  ${colors.dim([...more, count(runs, 'run')].join(', '))}`,
    layersTable(network.layers, colors),
    totals(network, forecasts, colors),
  ].join('\n\n');
}

function layersTable(layers: LayerDescription[], colors: Colors): string {
  const shown = layers.filter(({ kind, activationBytes }) => kind !== 'relu' || activationBytes > 0);
  const orNothing = (value: number, text: (value: number) => string) => (value === 0 ? '' : text(value));
  return table(
    shown,
    [
      { title: 'LAYER', value: ({ name }) => name },
      { title: 'KIND', value: ({ kind, isFrozen }) => (isFrozen ? `${kind}, frozen` : kind) },
      { title: 'OUTPUT', value: ({ output }) => output.join(' × '), right: true },
      { title: 'PARAMETERS', value: ({ parameters }) => orNothing(parameters, wholeText), right: true },
      { title: 'MULTIPLY-ADDS', value: ({ macs }) => orNothing(macs, largeText), right: true },
      {
        title: 'ACTIVATIONS',
        value: ({ activationBytes }) => orNothing(activationBytes, bytesText),
        right: true,
      },
    ],
    colors,
  );
}

function totals(network: NetworkDescription, forecasts: Forecast[], colors: Colors): string {
  const { parameters, trainableParameters, statistics, macs, activationBytes, batch, memory } = network;
  const frozen = parameters - trainableParameters;
  const { weights, gradients, optimizer, activations } = memory;
  const parts = `weights ${bytesText(weights)}, gradients ${bytesText(gradients)}, optimizer ${bytesText(optimizer)}`;
  return facts(
    [
      ['parameters', `${wholeText(parameters)}${frozen > 0 ? `, ${wholeText(frozen)} of them frozen` : ''}`],
      ['moving statistics', wholeText(statistics)],
      ['multiply-adds', `${largeText(macs)} forward`],
      [
        'activations',
        `${bytesText(activationBytes)} an image, ${bytesText(activations)} a batch of ${batch}`,
      ],
      ['memory', `about ${forecasts.map(forecastText).join(', ')}`],
      ['', `of it ${parts}; the rest is activations, workspace and the process itself`],
    ],
    colors,
  );
}

function forecastText({ batchSize, images, bytes }: Forecast, index: number): string {
  const what = index === 0 ? ' for a training process' : ''; // once is enough
  const pieces = images < batchSize ? ` in micro-batches of ${images}` : '';
  return `${gigabytesText(bytes)}${what} at batch ${batchSize}${pieces}`;
}

const wholeText = (value: number) => value.toLocaleString('en');
