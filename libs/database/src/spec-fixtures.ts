import {
  type DatasetManifest,
  type Environment,
  plainAdam,
  plainModel,
  plainRegression,
  plainTraining,
  type Point,
  type Recipe,
  sweepSpec,
} from '@chromatune/contracts';
import { type Database } from './database.js';
import { type AppliedEvent } from './runs/apply-events.js';
import { type Claim } from './runs/claim.js';

export const digest = (character: string) => character.repeat(64);

export const manifest = (name = 'first-photos'): DatasetManifest => {
  const file = (fileName: string) => ({ name: fileName, bytes: 100, sha256: digest('a') });
  const baseline = { abRmse: 20, psnr: 15 };
  return {
    manifestVersion: 1,
    name,
    importer: 'synthetic',
    options: { size: 64 },
    imageSize: 64,
    images: { train: 80, validation: 10, test: 10 },
    sources: 100,
    shards: [{ split: 'train', images: 80, l: file('train-0-l.npy'), ab: file('train-0-ab.npy') }],
    previews: { size: 128, images: 8, l: file('previews-l.npy'), ab: file('previews-ab.npy') },
    pictures: {
      grey: file('grey.png'),
      truth: file('truth.png'),
      contactSheets: { train: file('t.png'), validation: file('v.png'), test: file('x.png') },
    },
    statistics: {
      abHistogram: Array.from({ length: 676 }, () => 0),
      meanAb: [1.5, -2.25],
      meanChroma: 12,
      baselines: { grey: baseline, meanColor: baseline },
      outOfGamutShare: 0,
    },
    skipped: [],
    card: { title: name, description: '', credits: [] },
  };
};

export const recipe = (changes: Partial<Recipe> = {}): Recipe => ({
  ...plainTraining,
  recipeVersion: 2,
  dataset: { name: 'first-photos', digest: digest('d') },
  model: { ...plainModel, encoder: 'resnet18', width: 0.5 },
  loss: plainRegression,
  optimizer: plainAdam,
  batchSize: 16,
  epochs: 4,
  seed: 7,
  samples: { images: 8, every: 1 },
  ...changes,
});

export const environment = (changes: Partial<Environment> = {}): Environment => ({
  engine: 'native',
  engineVersion: 'tensorflow 2.21.0',
  device: 'a processor',
  threads: 2,
  deterministic: true,
  codeVersion: 'abc',
  ...changes,
});

/** A sweep `demo` of runs `demo-0`, `demo-1`, … that wait. */
export async function insertSweep(database: Database, runs = 1, changes: object = {}): Promise<void> {
  await database.datasets.insertVersion(manifest(), digest('d'), 1000);
  const spec = sweepSpec.parse({
    name: 'demo',
    dataset: 'first-photos',
    budget: { epochs: 4 },
    ...changes,
  });
  await database.sweeps.insert({
    id: 'demo',
    spec,
    yaml: 'name: demo',
    datasetDigest: digest('d'),
    plannedRuns: runs,
    varying: ['learningRate'],
  });
  await database.runs.insertMany(
    Array.from({ length: runs }, (_, index) => ({
      id: `demo-${index}`,
      sweepId: 'demo',
      index,
      label: `run ${index}`,
      parameters: { learningRate: index },
      recipe: recipe(),
    })),
  );
}

export function claim(database: Database, attempt = 1, changes: object = {}): Promise<Claim | null> {
  return database.runs.claim({
    runId: 'demo-0',
    attempt,
    trainerId: 'trainer-1',
    environment: environment(),
    leaseSeconds: 30,
    ...changes,
  });
}

/** Applies events to `demo-0`. */
export const apply = (database: Database, attempt: number, events: AppliedEvent[]) =>
  database.runs.reportsOf({ runId: 'demo-0', attempt }).apply(events);

export const at = '2026-01-02T03:04:05.678Z';

export const point = (seq: number, step: number, value: Point['value'] = 1 / step): AppliedEvent => ({
  type: 'point',
  seq,
  metric: 'train/loss',
  step,
  epoch: step / 100,
  value,
  at,
});

export const measure = (
  seq: number,
  metric: Point['metric'],
  step: number,
  value: Point['value'],
): AppliedEvent => ({
  type: 'point',
  seq,
  metric,
  step,
  epoch: step / 100,
  value,
  at,
});

export const checkpoint = (seq: number, step: number, abRmse: number | null = null): AppliedEvent => ({
  type: 'checkpoint',
  seq,
  key: `checkpoints/step-${step}`,
  checkpoint: {
    step,
    epoch: step / 100,
    kind: 'epoch',
    bytes: 10,
    sha256: digest('b'),
    weightsSha256: digest('c'),
    abRmse,
    at,
  },
});

export const sample = (seq: number, epoch: number): AppliedEvent => ({
  type: 'sample',
  seq,
  key: `samples/epoch-${epoch}-${seq}.png`,
  sample: { epoch, step: epoch * 100, tileSize: 64, images: [{ image: 0, abRmse: 12.5 }], at },
});

export const log = (seq: number, message: string): AppliedEvent => ({
  type: 'log',
  seq,
  level: 'info',
  message,
  at,
});

export const finished = (seq: number, outcome: 'completed' | 'paused' = 'completed'): AppliedEvent => ({
  type: 'finished',
  seq,
  outcome,
  weightsSha256: digest('e'),
});

/** Points of steps `from` to `to`, numbered from `seq`. */
export const points = (seq: number, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => point(seq + index, from + index));
