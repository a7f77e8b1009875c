import {
  baselinesOf,
  fromMeasured,
  metricCatalogue,
  type MetricName,
  type Run,
  type Sweep,
  sweep as sweepSchema,
} from '@chromatune/contracts';
import { type Platform, repository, type Row } from '@chromatune/test-support';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { launchSweep, startWithFirstPhotos, untilEnded } from '../first-sweep.js';
import type { Options, Part, Result } from '../part.js';

const folder = path.join(repository, 'examples/small');

/** What the guide calls "within minutes", for one file. */
const mostMinutes = 10;
/** So that a busy machine still gives figures, with the time that it took. */
const longestWaitMs = 60 * 60_000;

/**
 * Trains the small variant of every example, one file after the other, on the photographs of the first start. What a run's
 * last and best epoch reach stands beside what needs no training.
 */
export const examplesPart: Part = {
  name: 'examples',
  measures: 'what the small variant of every example reaches, beside what needs no training',
  takes: '20 min',
  async run({ say }: Options): Promise<Result> {
    const platform = await startWithFirstPhotos('examples');
    const trained: TrainedExample[] = [];
    try {
      for (const file of readdirSync(folder).sort()) {
        say(`${file} …`);
        trained.push(await train(platform, file));
      }
    } finally {
      await platform.stop();
    }
    return report(trained);
  },
};

export interface TrainedExample {
  name: string;
  /** From its launch to the end of its last run. */
  minutes: number;
  objective: MetricName;
  runs: Run[];
}

async function train(platform: Platform, file: string): Promise<TrainedExample> {
  const startedAt = performance.now();
  const sweepId = await launchSweep(platform, readFileSync(path.join(folder, file), 'utf8'));
  const { plannedRuns, spec }: Sweep = await platform.get(`sweeps/${sweepId}`, sweepSchema);
  const runs = await untilEnded(platform, sweepId, { count: plannedRuns, timeoutMs: longestWaitMs });
  return {
    name: path.parse(file).name,
    minutes: (performance.now() - startedAt) / 60_000,
    objective: spec.objective.metric,
    runs,
  };
}

export function report(trained: TrainedExample[]): Result {
  const runs = trained.flatMap((example) => example.runs.map((run) => ({ ...run, example })));
  const ofBins = runs.filter(({ baselines }) => baselines?.marginal);
  const count = (which: Run[], isCounted: (run: Run) => boolean) =>
    `${which.filter(isCounted).length} of ${which.length}`;
  const slowest = trained.reduce((one, other) => (other.minutes > one.minutes ? other : one));
  return {
    rows: trained.flatMap((example) => example.runs.map((run) => rowOf(example, run))),
    checks: [
      {
        what: `runs of ${runs.length} that did not complete`,
        value: runs.filter(({ state }) => state !== 'completed').length,
        atMost: 0,
        unit: '',
      },
      { what: `slowest file, ${slowest.name}`, value: slowest.minutes, atMost: mostMinutes, unit: 'min' },
      {
        what: `runs of ${runs.length} that never beat grey and the mean colour in what their file ranks by`,
        value: runs.filter((run) => !beatsBaselines(run, run.example.objective, bestOf)).length,
        atMost: 0,
        unit: '',
      },
    ],
    notes: [
      'Of the last epoch, of the best one, and what needs no training; by ab RMSE, by what else a file ranks by, and by the loss of bins. The best of several epochs is a favourable choice.',
      // no target: the marginal distribution knows the validation photographs, of which so few others teach little
      `Learned, as the platform says it: ${count(runs, ({ learned }) => learned === true)}; of the runs that predict bins, by their loss, ${count(ofBins, ({ learned }) => learned === true)}.`,
      `Still better than grey and the mean colour in the last epoch: ${runs.filter((run) => beatsBaselines(run, run.example.objective, lastOf)).length} of ${runs.length}.`,
      ...trained.map(({ name, minutes }) => `${name}: ${minutes.toFixed(1)} min`),
    ],
    details: trained,
  };
}

function rowOf({ name, objective }: TrainedExample, run: Run): Row {
  const marginal = run.baselines?.marginal;
  return {
    example: name,
    run: run.label,
    ...(run.state === 'completed' ? {} : { state: run.failure?.message ?? run.state }),
    ...figures(run, 'validation/abRmse', (column) => column),
    ...(objective !== 'validation/abRmse' && figures(run, objective, (column) => `its ${column}`)),
    ...(marginal && {
      loss: lastOf(run, marginal.metric),
      lowest: bestOf(run, marginal.metric),
      marginal: fromMeasured(marginal.loss),
    }),
    learned: run.learned ? 'yes' : 'no',
  };
}

/** A metric of the last epoch, of the best one, and its baselines, each in a column of its own. */
function figures(run: Run, metric: MetricName, column: (of: string) => string): Row {
  return {
    [metricCatalogue[metric].label]: lastOf(run, metric),
    [column('best')]: bestOf(run, metric),
    ...Object.fromEntries(baselinesOf(run.baselines, metric).map(({ name, value }) => [column(name), value])),
  };
}

type Epoch = (run: Run, metric: MetricName) => number;

/** NaN where it was not measured. */
const lastOf: Epoch = ({ latest }, metric) => fromMeasured(latest[metric] ?? 'NaN');
const bestOf: Epoch = ({ best }, metric) => best[metric]?.value ?? NaN;

function beatsBaselines(run: Run, metric: MetricName, epoch: Epoch): boolean {
  const baselines = baselinesOf(run.baselines, metric);
  const own = epoch(run, metric);
  const isBetter = (value: number) =>
    metricCatalogue[metric].better === 'higher' ? own > value : own < value;
  return baselines.length > 0 && baselines.every(({ value }) => isBetter(value));
}
