import {
  type Dataset,
  type DatasetDetail,
  type DatasetManifest,
  type DatasetVersion,
  DomainError,
} from '@chromatune/contracts';
import type { Command } from 'commander';
import { ageText, bytesText, count, numberText, shortDigest } from '../output/format.js';
import type { Colors } from '../output/output.js';
import { facts, table } from '../output/table.js';
import type { Tools } from '../run-cli.js';
import { addCommand, type Context } from './add-command.js';
import { addImportCommands } from './data-import.js';

export function addDataCommands(program: Command, tools: Tools): void {
  const data = program.command('data').description('bring photographs in, and look at datasets');
  addImportCommands(data, tools);
  addCommand(data, 'list', 'list datasets and their versions', tools, listDatasets);
  addCommand(data, 'show <dataset>', 'show a dataset version: name, or name@digest', tools, showDataset);
}

async function listDatasets({ api, output }: Context): Promise<void> {
  const datasets = await api.listDatasets();
  output.result(datasets, () =>
    datasets.length === 0
      ? 'No datasets yet. Import one: npx chromatune data import photos DIR --name NAME'
      : versionsTable(datasets, output.colors),
  );
}

function versionsTable(datasets: Dataset[], colors: Colors): string {
  const rows = datasets.flatMap(({ versions }) =>
    versions.map((version, index) => ({ ...version, isNewest: index === 0 })),
  );
  return table(
    rows,
    [
      { title: 'DATASET', value: ({ name, isNewest }) => (isNewest ? name : colors.dim(name)) },
      { title: 'VERSION', value: ({ digest }) => shortDigest(digest) },
      { title: 'IMAGES', value: (version) => imagesText(version), right: true },
      { title: 'SIDE', value: ({ imageSize }) => `${imageSize} px`, right: true },
      { title: 'SIZE', value: ({ bytes }) => bytesText(bytes), right: true },
      { title: 'FROM', value: ({ importer }) => importer },
      { title: 'AGE', value: ({ createdAt }) => ageText(createdAt), right: true },
    ],
    colors,
  );
}

async function showDataset({ api, output }: Context, which: string): Promise<void> {
  const [name = '', prefix = ''] = which.split('@');
  const { versions } = await api.getDataset(name);
  const version = versions.find(({ digest }) => digest.startsWith(prefix));
  if (!version) {
    throw new DomainError('version_not_found', 404, `Dataset ${name} has no version ${prefix}.`, {
      remedy: `Its versions: ${versions.map(({ digest }) => shortDigest(digest)).join(', ')}.`,
    });
  }
  const detail = await api.getDatasetVersion(version.digest);
  output.result(detail, () => datasetText(detail, output.colors));
}

function datasetText({ version, manifest }: DatasetDetail, colors: Colors): string {
  const { card, statistics, skipped, sources, options } = manifest;
  const parts = [
    facts(
      [
        ['dataset', `${colors.bold(version.name)}  ${card.title}`],
        ['version', version.digest],
        ['about', card.description],
        [
          'images',
          `${imagesText(version)} (train/validation/test), ${version.imageSize} px, of ${count(sources, 'source')}`,
        ],
        ['stored', `${bytesText(version.bytes)} in ${count(version.shards, 'shard')}`],
        ['imported', `${ageText(version.createdAt)} ago by ${version.importer}, ${optionsText(options)}`],
        [
          'chroma',
          `mean ${numberText(statistics.meanChroma)}, mean colour a ${numberText(statistics.meanAb[0])}, b ${numberText(statistics.meanAb[1])}`,
        ],
        ['out of gamut', `${numberText(statistics.outOfGamutShare * 100)} % of the pixels`],
        ['licences', licencesText(manifest)],
      ],
      colors,
    ),
    baselinesTable(manifest, colors),
    skipped.length > 0 && skippedText(skipped, colors),
  ];
  return parts.filter(Boolean).join('\n\n');
}

export const imagesText = ({ images: { train, validation, test } }: Pick<DatasetVersion, 'images'>) =>
  `${train}/${validation}/${test}`;

const optionsText = (options: DatasetManifest['options']) =>
  Object.entries(options)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');

function baselinesTable({ statistics: { baselines } }: DatasetManifest, colors: Colors): string {
  const rows = [
    { name: 'grey', ...baselines.grey },
    { name: 'mean colour', ...baselines.meanColor },
  ];
  return table(
    rows,
    [
      { title: 'WITHOUT TRAINING', value: ({ name }) => name },
      { title: 'ab RMSE', value: ({ abRmse }) => numberText(abRmse), right: true },
      { title: 'PSNR', value: ({ psnr }) => `${numberText(psnr)} dB`, right: true },
    ],
    colors,
  );
}

function licencesText({ card: { credits } }: DatasetManifest): string | null {
  const counts = new Map<string, number>();
  for (const { licence } of credits) counts.set(licence, (counts.get(licence) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  return sorted.map(([licence, files]) => `${licence} (${files})`).join(', ') || null;
}

function skippedText(skipped: DatasetManifest['skipped'], colors: Colors): string {
  const shown = skipped.slice(0, 10).map(({ file, reason }) => `  ${file}: ${reason}`);
  const more =
    skipped.length > shown.length ? [`  … and ${skipped.length - shown.length} more (--json lists all)`] : [];
  return [colors.dim(`${count(skipped.length, 'file')} skipped`), ...shown, ...more].join('\n');
}
