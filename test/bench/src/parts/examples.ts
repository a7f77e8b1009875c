import {
  baselinesOf,
  fromMeasured,
  learningMetric,
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
 * last epoch reaches stands beside what needs no training.
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
  const runs = trained.flatMap((example) => example.runs);
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
        what: `runs of ${runs.length} whose last epoch is no better than what needs no training`,
        value: runs.filter((run) => !endsBetter(run)).length,
        atMost: 0,
        unit: '',
      },
    ],
    notes: [
      'Of the last epoch. Right of ab RMSE, and of what the file ranks by, stands what grey and the mean colour reach in it.',
      'Learned: better than the marginal distribution in the loss of bins where a run has one, else than grey and the mean colour in ab RMSE.',
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
    ...figures(run, 'validation/abRmse', (baseline) => baseline),
    ...(objective !== 'validation/abRmse' && figures(run, objective, (baseline) => `its ${baseline}`)),
    ...(marginal && { loss: last(run, marginal.metric), marginal: fromMeasured(marginal.loss) }),
    learned: endsBetter(run) ? 'yes' : 'no',
  };
}

/** A metric of the last epoch and its baselines, each in a column of its own. */
function figures(run: Run, metric: MetricName, column: (baseline: string) => string): Row {
  const baselines = baselinesOf(run.baselines, metric);
  return {
    [metricCatalogue[metric].label]: last(run, metric),
    ...Object.fromEntries(baselines.map(({ name, value }) => [column(name), value])),
  };
}

/** NaN where it was not measured. */
const last = ({ latest }: Run, metric: MetricName): number => fromMeasured(latest[metric] ?? 'NaN');

/** As `hasLearned`, but of the last epoch instead of the best. */
function endsBetter(run: Run): boolean {
  if (!run.baselines) return false;
  const metric = learningMetric(run.baselines);
  return baselinesOf(run.baselines, metric).every(({ value }) => last(run, metric) < value);
}
