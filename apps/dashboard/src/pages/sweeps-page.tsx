import { baselinesOf, isEnded, metricCatalogue, type RunState, type Sweep } from '@chromatune/contracts';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { useLive } from '../api/live-context.js';
import { queries } from '../api/queries.js';
import { Age } from '../ui/age.js';
import { formatChange, formatMetric, nothing, unitOf } from '../ui/format.js';
import { Loaded } from '../ui/loaded.js';
import { StateBar, StateTag } from '../ui/states.js';
import { useTitle } from '../ui/use-title.js';
import { betterOrWorse, objectiveOf } from '../view/objective.js';
import { EndOfSweep } from './end-of-sweep.js';

export function SweepsPage() {
  useTitle('Sweeps');
  useLive([]);
  const sweeps = useQuery(queries.sweeps());
  return (
    <div className="page">
      <header className="page-head">
        <h1>Sweeps</h1>
        <Link className="button primary" to="/new">
          New sweep
        </Link>
      </header>
      <Loaded query={sweeps} label="sweeps">
        {(list) => (list.length === 0 ? <NoSweep /> : <SweepTable sweeps={list} />)}
      </Loaded>
    </div>
  );
}

function NoSweep() {
  return (
    <div className="empty">
      <h2>No sweep yet</h2>
      <p>
        A sweep trains one network for each choice of parameters and shows them beside each other.{' '}
        <Link to="/new">Write one here</Link>, or launch the example:
      </p>
      <pre tabIndex={0} aria-label="Command">
        <code>npx chromatune sweep launch examples/first-sweep.yaml</code>
      </pre>
      <p>
        It needs a dataset: see <Link to="/datasets">which there are</Link>.
      </p>
    </div>
  );
}

function SweepTable({ sweeps }: { sweeps: Sweep[] }) {
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label="Table of sweeps">
      <table className="list cards">
        <thead>
          <tr>
            <th scope="col">sweep</th>
            <th scope="col">state</th>
            <th scope="col">runs</th>
            <th scope="col" className="figure">
              best
            </th>
            <th scope="col">against no training</th>
            <th scope="col">by run</th>
            <th scope="col">launched</th>
            <th scope="col">end</th>
          </tr>
        </thead>
        <tbody>
          {sweeps.map((sweep) => (
            <SweepRow key={sweep.id} sweep={sweep} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function SweepRow({ sweep }: { sweep: Sweep }) {
  const { metric } = objectiveOf(sweep.spec);
  const done = endedRuns(sweep.runsByState);
  return (
    <tr>
      <th scope="row" className="name">
        <Link to={`/sweeps/${sweep.id}`} className="row-link">
          {sweep.name}
        </Link>
        <span className="sub">
          {sweep.id} · <Link to={`/datasets/${sweep.dataset.name}`}>{sweep.dataset.name}</Link>
        </span>
      </th>
      <td data-label="state">
        <StateTag state={sweep.state} />
      </td>
      <td data-label="runs">
        <span className="bar-and-count">
          <StateBar runsByState={sweep.runsByState} planned={sweep.plannedRuns} />
          <span className="count">
            {done}/{sweep.plannedRuns}
          </span>
        </span>
      </td>
      <td className="figure" data-label="best">
        {formatMetric(metric, sweep.best?.value)}
        {sweep.best && unitOf(metric) && <span className="unit"> {unitOf(metric)}</span>}
        <span className="sub">{metricCatalogue[metric].label}</span>
      </td>
      <td data-label="against no training">
        <AgainstNoTraining sweep={sweep} />
      </td>
      <td data-label="by run" className="clip">
        {sweep.best ? <Link to={`/runs/${sweep.best.runId}`}>{sweep.best.label}</Link> : nothing}
      </td>
      <td data-label="launched">
        <Age instant={sweep.createdAt} />
      </td>
      <td data-label="end">
        <End sweep={sweep} />
      </td>
    </tr>
  );
}

/** How far the best value is from the best that needs no training. */
function AgainstNoTraining({ sweep: { spec, best } }: { sweep: Sweep }) {
  const objective = objectiveOf(spec);
  const [baseline] = baselinesOf(best?.baselines, objective.metric);
  if (!best || !baseline) return <>{nothing}</>;
  const { name, value } = baseline;
  return (
    <>
      {formatChange(best.value, value)} {betterOrWorse(best.value, value, objective)}
      <span className="sub">
        {name} {formatMetric(objective.metric, value)}
      </span>
    </>
  );
}

/** Nobody here listens to the runs of a sweep: they are asked for while it has not ended. */
function End({ sweep }: { sweep: Sweep }) {
  const runs = useQuery({
    ...queries.sweepRuns(sweep.id),
    enabled: sweep.endedAt === null,
    refetchInterval: 10_000,
  });
  return <EndOfSweep sweep={sweep} runs={runs.data ?? []} />;
}

const endedRuns = (runsByState: Sweep['runsByState']) =>
  (Object.entries(runsByState) as [RunState, number][]).reduce(
    (sum, [state, count]) => sum + (isEnded(state) ? count : 0),
    0,
  );
