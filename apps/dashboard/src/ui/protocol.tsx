import { metricCatalogue, type MetricName, protocolOf } from '@chromatune/contracts';
import { Menu } from './menu.js';

/** How a metric is measured, in words: a small sign that opens them. */
export function Protocol({ metric }: { metric: MetricName }) {
  const { label } = metricCatalogue[metric];
  const protocol = protocolOf(metric);
  return (
    <Menu sign="i" label={`How ${label} is measured`} hint={protocol} className="protocol">
      {protocol}
    </Menu>
  );
}
