import {
  type Baselines,
  baselinesOf,
  metricCatalogue,
  type MetricName,
  type Run,
  type Sweep,
} from '@chromatune/contracts';
import { metricText, nothing, stateText } from '../output/format.js';
import type { Colors } from '../output/output.js';
import { type Column, table } from '../output/table.js';

/** Runs with what varies, how far they are, and their best value beside the best that needs no training. */
export function runsTable(runs: Run[], sweep: Sweep | null, colors: Colors): string {
  if (runs.length === 0) return 'No runs yet: the scheduler makes them within a second.';
  const metric: MetricName = sweep?.spec.objective.metric ?? 'validation/abRmse';
  const isBest = ({ id }: Run) => id === sweep?.best?.runId;
  const columns: Column<Run>[] = [
    { title: 'RUN', value: ({ id }) => id },
    { title: 'STATE', value: (run) => stateWithNote(run, colors) },
    { title: 'EPOCH', value: ({ epoch, epochs }) => `${Math.floor(epoch)}/${epochs}`, right: true },
    { title: 'LOSS', value: ({ latest }) => metricText('train/loss', latest['train/loss']), right: true },
    {
      title: `BEST ${metricCatalogue[metric].label}`,
      value: (run) => {
        const value = metricText(metric, run.best[metric]?.value);
        return isBest(run) ? colors.green(value) : value;
      },
      right: true,
    },
    {
      title: 'WITHOUT TRAINING',
      value: ({ baselines }) => baselineTexts(baselines, metric)[0] ?? nothing,
    },
    { title: 'LABEL', value: ({ label }) => label },
  ];
  return table(runs, columns, colors);
}

/** "grey 14.27", "mean colour 14.83": the best first. */
export const baselineTexts = (baselines: Baselines | null, metric: MetricName): string[] =>
  baselinesOf(baselines, metric).map(({ name, value }) => `${name} ${metricText(metric, value)}`);

export function stateWithNote({ state, note, failure, learned }: Run, colors: Colors): string {
  const detail = failure ? failure.class : (note ?? (learned === false ? 'has learned nothing yet' : null));
  return detail ? `${stateText(state, colors)} ${colors.dim(`(${detail})`)}` : stateText(state, colors);
}
