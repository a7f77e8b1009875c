import {
  baselinesOf,
  floorOf,
  metricCatalogue,
  type MetricName,
  type Run,
  validationProtocol,
} from '@chromatune/contracts';
import { Awaited } from '../ui/awaited.js';
import { formatMetric, formatMetricWithUnit, nothing } from '../ui/format.js';

const metrics = Object.keys(metricCatalogue) as MetricName[];

/** Everything that a run has measured, beside what needs no training, and how each figure comes about. */
export function MetricsTable({ run }: { run: Run }) {
  const measured = metrics.filter((metric) => run.latest[metric] !== undefined);
  return (
    <section className="panel" aria-label="Metrics">
      <h2>Metrics</h2>
      <p className="table-note hint">{validationProtocol}</p>
      {measured.length === 0 ? (
        <Awaited runs={[run]} first="step">
          The first ones come with the first step.
        </Awaited>
      ) : (
        <div className="table-box" tabIndex={0} role="region" aria-label="Table of metrics">
          <table className="list cards">
            <thead>
              <tr>
                <th scope="col">metric</th>
                <th scope="col" className="figure">
                  latest
                </th>
                <th scope="col" className="figure">
                  best
                </th>
                <th scope="col">without training</th>
                <th scope="col">how it is measured</th>
              </tr>
            </thead>
            <tbody>
              {measured.map((metric) => (
                <MetricRow key={metric} run={run} metric={metric} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function MetricRow({ run, metric }: { run: Run; metric: MetricName }) {
  const { label, protocol } = metricCatalogue[metric];
  const best = run.best[metric];
  const floor = floorOf(run.baselines, metric);
  const others = [
    ...baselinesOf(run.baselines, metric),
    ...(floor === null ? [] : [{ name: 'least possible', value: floor }]),
  ];
  return (
    <tr>
      <th scope="row">{label}</th>
      <td className="figure" data-label="latest">
        {formatMetricWithUnit(metric, run.latest[metric])}
      </td>
      <td className="figure" data-label="best" title={best && `at epoch ${best.epoch}`}>
        {formatMetric(metric, best?.value)}
      </td>
      <td data-label="without training">
        {others.map(({ name, value }) => `${name} ${formatMetric(metric, value)}`).join(', ') || nothing}
      </td>
      <td className="wrap hint">{protocol}</td>
    </tr>
  );
}
