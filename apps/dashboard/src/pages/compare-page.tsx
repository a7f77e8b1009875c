import { type Recipe, type Run, runId, sweepId } from '@chromatune/contracts';
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import { Link } from 'react-router';
import { useLive } from '../api/live-context.js';
import { queries, queryClient } from '../api/queries.js';
import { plural } from '../ui/format.js';
import { Loaded } from '../ui/loaded.js';
import { useTitle } from '../ui/use-title.js';
import { byObjective, usualObjective } from '../view/objective.js';
import { withOwnLabels } from '../view/own-labels.js';
import { shownAtFirst } from '../view/selection.js';
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
  const labelled = useMemo(() => withOwnLabels(runs.data ?? noRun), [runs.data]);
  const compared = useMemo(() => withDifferences(labelled, recipes), [labelled, recipes]);
  const varying = useMemo(() => varyingOf(compared), [compared]);
  const digestOf = useCallback(
    (run: Run) => recipes[compared.findIndex(({ id }) => id === run.id)]?.dataset.digest,
    [recipes, compared],
  );

  return (
    <div className="page page-wide">
      <header className="page-head">
        <h1>Compare</h1>
        <AddRuns onAdd={(ids) => store.set({ runs: [...new Set([...(store.get().runs ?? []), ...ids])] })} />
      </header>
      {named.length === 0 ? (
        <p className="empty">
          Add runs by their id above, or a whole sweep by its own, which{' '}
          <Link to="/sweeps">the list of sweeps</Link> shows; the page of each sweep has a button for the runs
          that it shows. Or name runs in the address, as in <code>/compare?runs=s7k3m9q2-0,s7k3m9q2-4</code>.
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

function AddRuns({ onAdd }: { onAdd: (ids: string[]) => void }) {
  const [id, setId] = useState('');
  return (
    <form
      className="tools"
      onSubmit={(event) => {
        event.preventDefault();
        if (id.trim() !== '') void runIdsOf(id.trim()).then(onAdd);
        setId('');
      }}
    >
      <input
        aria-label="Id of a run or of a sweep to add"
        placeholder="id of a run or sweep"
        value={id}
        onChange={(event) => setId(event.target.value)}
      />
      <button type="submit">Add</button>
    </form>
  );
}

/** Of a sweep's id its best runs; any other stands for itself, also when nobody knows it. */
async function runIdsOf(id: string): Promise<string[]> {
  if (!sweepId.safeParse(id).success) return [id];
  const runs = await queryClient.fetchQuery(queries.sweepRuns(id)).catch(() => noRun);
  const best = runs.toSorted(byObjective(usualObjective)).slice(0, shownAtFirst);
  return best.length > 0 ? best.map((run) => run.id) : [id];
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
