import { isEnded, metricCatalogue, type Run, type SweepDetail } from '@chromatune/contracts';
import { useQuery } from '@tanstack/react-query';
import { Tabs } from 'radix-ui';
import { Link, useParams } from 'react-router';
import { api } from '../api/client.js';
import { useLive } from '../api/live-context.js';
import { queries, queryClient } from '../api/queries.js';
import { Age } from '../ui/age.js';
import { AgainstBaselines } from '../ui/baselines.js';
import { CommandButton } from '../ui/command-button.js';
import { formatMetric, unitOf } from '../ui/format.js';
import { Loaded } from '../ui/loaded.js';
import { Protocol } from '../ui/protocol.js';
import { StateBar, StateTag } from '../ui/states.js';
import { useTitle } from '../ui/use-title.js';
import { type Objective, objectiveOf } from '../view/objective.js';
import { useView, useViewStore, ViewProvider } from '../view/view-context.js';
import { EndOfSweep } from './end-of-sweep.js';
import { RunsBody, shownIds } from './runs-body.js';

export function SweepPage() {
  const { id = '' } = useParams();
  return (
    <ViewProvider>
      <Sweep id={id} />
    </ViewProvider>
  );
}

function Sweep({ id }: { id: string }) {
  const sweep = useQuery(queries.sweep(id));
  const runs = useQuery(queries.sweepRuns(id));
  const chosen = useView('runs');
  useTitle(sweep.data?.name ?? 'Sweep');
  useLive(sweep.data ? shownIds(runs.data ?? [], chosen, objectiveOf(sweep.data.spec)) : [], id);

  return (
    <div className="page page-wide">
      <Loaded query={sweep} label="the sweep" lines={3} heading={`Sweep ${id}`}>
        {(found) => (
          <>
            <SweepHead sweep={found} runs={runs.data ?? []} />
            <SweepTabs sweep={found}>
              <Loaded query={runs} label="its runs" lines={10}>
                {(list) => <SweepRuns sweep={found} runs={list} />}
              </Loaded>
            </SweepTabs>
          </>
        )}
      </Loaded>
    </div>
  );
}

const objectives = new WeakMap<object, Objective>();
/** The same object for the same spec, so that memos hold. */
function stableObjective(sweep: SweepDetail): Objective {
  const known = objectives.get(sweep.spec);
  if (known) return known;
  const objective = objectiveOf(sweep.spec);
  objectives.set(sweep.spec, objective);
  return objective;
}

function SweepRuns({ sweep, runs }: { sweep: SweepDetail; runs: Run[] }) {
  const store = useViewStore();
  const chosen = useView('runs');
  return (
    <RunsBody
      runs={runs}
      varying={sweep.varying}
      objective={stableObjective(sweep)}
      digestOf={() => sweep.dataset.digest}
      chosen={chosen}
      onChoose={(ids) => store.set({ runs: ids })}
    />
  );
}

function SweepHead({ sweep, runs }: { sweep: SweepDetail; runs: Run[] }) {
  const { metric } = objectiveOf(sweep.spec);
  const ended = runs.filter(({ state }) => isEnded(state)).length;
  return (
    <header className="sweep-head">
      <div className="sweep-title">
        <h1>{sweep.name}</h1>
        <StateTag state={sweep.state} />
      </div>
      <dl className="facts">
        <div>
          <dt>runs</dt>
          <dd className="bar-and-count">
            <StateBar runsByState={sweep.runsByState} planned={sweep.plannedRuns} />
            {ended}/{sweep.plannedRuns}
          </dd>
        </div>
        {sweep.best && (
          <div>
            <dt className="with-protocol">
              best {metricCatalogue[metric].label} <Protocol metric={metric} />
            </dt>
            <dd>
              <Link to={`/runs/${sweep.best.runId}`} title={sweep.best.label}>
                <b>{formatMetric(metric, sweep.best.value)}</b> {unitOf(metric)}
              </Link>
              <AgainstBaselines baselines={sweep.best.baselines} metric={metric} value={sweep.best.value} />
            </dd>
          </div>
        )}
        <div>
          <dt>dataset</dt>
          <dd>
            <Link to={`/datasets/${sweep.dataset.name}?version=${sweep.dataset.digest}`}>
              {sweep.dataset.name}
            </Link>
          </dd>
        </div>
        <div>
          <dt>launched</dt>
          <dd>
            <Age instant={sweep.createdAt} />
          </dd>
        </div>
        <div>
          <dt>{sweep.endedAt ? 'ended' : 'expected end'}</dt>
          <dd>
            <EndOfSweep sweep={sweep} runs={runs} />
          </dd>
        </div>
      </dl>
      <SweepCommands sweep={sweep} runs={runs} />
    </header>
  );
}

function SweepCommands({ sweep, runs }: { sweep: SweepDetail; runs: Run[] }) {
  const { id, state, name } = sweep;
  const shown = shownIds(runs, useView('runs'), objectiveOf(sweep.spec));
  const refresh = () => {
    for (const queryKey of [['sweep', id], ['sweep-runs', id], ['sweeps']]) {
      void queryClient.invalidateQueries({ queryKey });
    }
  };
  const command = (what: 'pause' | 'resume' | 'cancel') => () => api.sweepCommand(id, what);
  return (
    <div className="commands">
      {shown.length > 0 && (
        <Link
          className="button"
          to={`/compare?runs=${shown.join(',')}`}
          title="The shown runs, beside any others"
        >
          Compare
        </Link>
      )}
      {state === 'running' && <CommandButton label="Pause" command={command('pause')} onDone={refresh} />}
      {state === 'paused' && (
        <CommandButton label="Resume" command={command('resume')} onDone={refresh} primary />
      )}
      {(state === 'running' || state === 'paused') && (
        <CommandButton
          label="Cancel sweep"
          command={command('cancel')}
          onDone={refresh}
          confirm={{
            question: `Cancel “${name}”?`,
            detail:
              'Its running runs stop and those that wait never start. What was measured stays. This cannot be undone.',
          }}
        />
      )}
    </div>
  );
}

function SweepTabs({ sweep, children }: { sweep: SweepDetail; children: React.ReactNode }) {
  const store = useViewStore();
  const tab = useView('tab');
  return (
    <Tabs.Root
      value={tab === 'spec' ? 'spec' : 'curves'}
      onValueChange={(value) => store.set({ tab: value })}
    >
      <Tabs.List className="tabs" aria-label="Parts of the sweep">
        <Tabs.Trigger value="curves">curves + samples</Tabs.Trigger>
        <Tabs.Trigger value="spec">spec</Tabs.Trigger>
      </Tabs.List>
      <Tabs.Content value="curves" tabIndex={-1}>
        {children}
      </Tabs.Content>
      <Tabs.Content value="spec" tabIndex={-1}>
        <div className="panel spec">
          <p>
            As it was launched on version <code>{sweep.dataset.digest.slice(0, 12)}</code> of{' '}
            {sweep.dataset.name}.{' '}
            <Link className="button" to={`/new?from=${sweep.id}`}>
              Launch a copy
            </Link>
          </p>
          <pre tabIndex={0} aria-label="Sweep spec">
            <code>{sweep.yaml}</code>
          </pre>
        </div>
      </Tabs.Content>
    </Tabs.Root>
  );
}
