import { baselinesOf, floorOf, type MetricName, type Run } from '@chromatune/contracts';
import { formatMetric } from '../ui/format.js';

/** A dashed line over the whole chart. */
export interface BaselineLine {
  label: string;
  value: number;
}

/** What the runs are measured by, each value once. A logarithmic axis has no place for a baseline of 0, as grey's colours. */
export function linesOfBaselines(
  runs: readonly Pick<Run, 'baselines'>[],
  metric: MetricName,
  { log }: { log: boolean },
): BaselineLine[] {
  const found = new Map<string, BaselineLine>();
  for (const { baselines } of runs) {
    const floor = floorOf(baselines, metric);
    const least = floor === null ? [] : [{ name: 'least possible', value: floor }];
    for (const { name, value } of [...baselinesOf(baselines, metric), ...least]) {
      const label = `${name} ${formatMetric(metric, value)}`;
      if (Number.isFinite(value) && (value > 0 || !log)) found.set(label, { label, value });
    }
  }
  return [...found.values()];
}
