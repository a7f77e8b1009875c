import { type Baselines, baselinesOf, type MetricName } from '@chromatune/contracts';
import { formatChange, formatMetric } from './format.js';

interface Props {
  baselines: Baselines | null | undefined;
  metric: MetricName;
  /** What was reached with training. */
  value: number | undefined;
}

/** What needs no training, the best first with the change from it: "· grey 14.27 (−12.3 %), mean colour 14.83". */
export function AgainstBaselines({ baselines, metric, value }: Props) {
  const texts = baselinesOf(baselines, metric).map((baseline, index) => {
    const change = index === 0 ? formatChange(value, baseline.value) : '';
    return `${baseline.name} ${formatMetric(metric, baseline.value)}${change && ` (${change})`}`;
  });
  return texts.length > 0 && <span className="unit"> · {texts.join(', ')}</span>;
}
