import { type Recipe, type Run, runId } from '@chromatune/contracts';
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import { Link } from 'react-router';
import { useLive } from '../api/live-context.js';
import { queries } from '../api/queries.js';
import { plural } from '../ui/format.js';
import { Loaded } from '../ui/loaded.js';
import { useTitle } from '../ui/use-title.js';
import { usualObjective } from '../view/objective.js';
import { useView, useViewStore, ViewProvider } from '../view/view-context.js';
import { differingEntries } from './recipe-entries.js';
import { RunsBody } from './runs-body.js';

export function ComparePage() {
  return (
    <ViewProvider>
      <Compare />
    </ViewProvider>
  );
}

const nobody: string[] = [];
const noRun: Run[] = [];

/** Any runs of any sweeps beside each other: those that the address names. Unticking one takes it out. */
function Compare() {
  const store = useViewStore();
  const named = useView('runs') ?? nobody;
  const asked = named.filter(isRunId);
  useLive(asked);
  const runs = useQuery({ ...queries.runs(asked), placeholderData: keepPreviousData });
  const unknown = runs.data && !runs.isPlaceholderData ? unknownIds(named, runs.data) : nobody;
  useTitle(`Compare ${plural(named.length - unknown.length, 'run')}`);
  const recipes = useRecipes(runs.data ?? noRun);
  const compared = useMemo(() => withDifferences(runs.data ?? noRun, recipes), [runs.data, recipes]);
  const varying = useMemo(() => varyingOf(compared), [compared]);
  const digestOf = useCallback(
    (run: Run) => recipes[compared.findIndex(({ id }) => id === run.id)]?.dataset.digest,
    [recipes, compared],
  );

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
          {() => (
            <>
              {unknown.map((id) => (
                <UnknownRun
                  key={id}
                  id={id}
                  onRemove={() => store.set({ runs: named.filter((other) => other !== id) })}
                />
              ))}
              {compared.length > 0 && (
                <RunsBody
                  runs={compared}
                  varying={varying}
                  objective={usualObjective}
                  digestOf={digestOf}
                  chosen={named}
                  onChoose={(ids) => store.set({ runs: ids })}
                />
              )}
            </>
          )}
        </Loaded>
      )}
    </div>
  );
}

function UnknownRun({ id, onRemove }: { id: string; onRemove: () => void }) {
  return (
    <p className="problem" role="status">
      There is no run <code>{id}</code>.{' '}
      <button type="button" onClick={onRemove}>
        Remove it
      </button>
    </p>
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

/** What cannot be an id is not asked for: the API would refuse all of them for it. */
const isRunId = (id: string) => runId.safeParse(id).success;

const unknownIds = (named: readonly string[], found: readonly Run[]) => [
  ...new Set(named.filter((id) => !found.some((run) => run.id === id))),
];

/** The recipes of runs, in their order. */
function useRecipes(runs: readonly Run[]): (Recipe | undefined)[] {
  return useQueries({
    queries: runs.map((run) => queries.run(run.id)),
    combine: (details) => details.map(({ data }) => data?.recipe),
  });
}

/** Runs of several sweeps differ in more than what varies within each: their recipes tell all of it. */
function withDifferences(runs: Run[], recipes: (Recipe | undefined)[]): Run[] {
  if (!recipes.every((recipe) => recipe !== undefined)) return runs; // until all are there
  const differences = differingEntries(recipes);
  return runs.map((run, index) => ({ ...run, parameters: differences[index] ?? {} }));
}

function varyingOf(runs: readonly Run[]): string[] {
  return [...new Set(runs.flatMap(({ parameters }) => Object.keys(parameters)))];
}
