import { metricCatalogue, type MetricName } from '@chromatune/contracts';
import { closeWhenLeft } from './close-when-left.js';

/** How a metric is measured, in words: a small sign that opens them. */
export function Protocol({ metric }: { metric: MetricName }) {
  const { label, protocol } = metricCatalogue[metric];
  return (
    <details className="menu protocol" {...closeWhenLeft}>
      <summary aria-label={`How ${label} is measured`} title={protocol}>
        i
      </summary>
      <p className="menu-body">{protocol}</p>
    </details>
  );
}
