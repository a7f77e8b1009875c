import type { Run } from '@chromatune/contracts';
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import { Link } from 'react-router';
import { useLive } from '../api/live-context.js';
import { queries } from '../api/queries.js';
import { Loaded } from '../ui/loaded.js';
import { useTitle } from '../ui/use-title.js';
import { usualObjective } from '../view/objective.js';
import { useView, useViewStore, ViewProvider } from '../view/view-context.js';
import { RunsBody } from './runs-body.js';

export function ComparePage() {
  return (
    <ViewProvider>
      <Compare />
    </ViewProvider>
  );
}

const nobody: string[] = [];

/** Any runs of any sweeps beside each other: those that the address names. Unticking one takes it out. */
function Compare() {
  const store = useViewStore();
  const named = useView('runs') ?? nobody;
  useTitle(`Compare ${named.length} runs`);
  useLive(named);
  const runs = useQuery({ ...queries.runs(named), placeholderData: keepPreviousData });
  const digestOf = useDigests(runs.data ?? []);
  const varying = useMemo(() => varyingOf(runs.data ?? []), [runs.data]);

  return (
    <div className="page page-wide">
      <header className="page-head">
        <h1>Compare</h1>
        <AddRun onAdd={(id) => store.set({ runs: [...new Set([...named, id])] })} />
      </header>
      {named.length === 0 ? (
        <p className="empty">
          Name runs in the address, as in <code>/compare?runs=s7k3m9q2-0,s7k3m9q2-4</code>, add them by their
          id above, or open a run from <Link to="/sweeps">a sweep</Link>.
        </p>
      ) : (
        <Loaded query={runs} label="the runs">
          {(list) => (
            <RunsBody
              runs={list}
              varying={varying}
              objective={usualObjective}
              digestOf={digestOf}
              chosen={named}
              onChoose={(ids) => store.set({ runs: ids })}
            />
          )}
        </Loaded>
      )}
    </div>
  );
}

function AddRun({ onAdd }: { onAdd: (id: string) => void }) {
  const [id, setId] = useState('');
  return (
    <form
      className="tools"
      onSubmit={(event) => {
        event.preventDefault();
        if (id.trim() !== '') onAdd(id.trim());
        setId('');
      }}
    >
      <input
        aria-label="Id of a run to add"
        placeholder="run id"
        value={id}
        onChange={(event) => setId(event.target.value)}
      />
      <button type="submit">Add</button>
    </form>
  );
}

/** Which dataset version each run was trained on: its recipe knows. */
function useDigests(runs: Run[]): (run: Run) => string | undefined {
  const digests = useQueries({
    queries: runs.map((run) => queries.run(run.id)),
    combine: (details) =>
      details.map(({ data }) => (data ? `${data.id} ${data.recipe.dataset.digest}` : '')).join('\n'),
  });
  const byRun = useMemo(
    () => new Map(digests.split('\n').map((line) => line.split(' ') as [string, string])),
    [digests],
  );
  return useCallback((run: Run) => byRun.get(run.id), [byRun]);
}

function varyingOf(runs: readonly Run[]): string[] {
  return [...new Set(runs.flatMap(({ parameters }) => Object.keys(parameters)))];
}
