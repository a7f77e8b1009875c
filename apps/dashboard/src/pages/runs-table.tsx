import type { Run } from '@chromatune/contracts';
import { useQuery } from '@tanstack/react-query';
import {
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  type SortingState,
  sortFn_alphanumeric,
  sortFn_basic,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef } from 'react';
import { Link } from 'react-router';
import { queries, sparklineBuckets } from '../api/queries.js';
import type { Identity } from '../charts/identity.js';
import { Sparkline } from '../charts/sparkline.js';
import { formatMetric, formatParameter, plural, unitOf } from '../ui/format.js';
import { Icon } from '../ui/icon.js';
import { RunMarker } from '../ui/run-marker.js';
import { NothingLearnedLegend, NothingLearnedSign, StateTag } from '../ui/states.js';
import { bestOf, type Objective } from '../view/objective.js';
import { useView, useViewStore } from '../view/view-context.js';

interface Props {
  runs: Run[];
  varying: readonly string[];
  objective: Objective;
  identities: ReadonlyMap<string, Identity>;
  selected: ReadonlySet<string>;
  onSelect: (ids: string[]) => void;
}

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { basic: sortFn_basic, alphanumeric: sortFn_alphanumeric },
});
const column = createColumnHelper<typeof features, Run>();
const rowHeight = 30;

/** All runs, only those in sight drawn: sorted, filtered and selected from here for everything below. */
export function RunsTable({ runs, varying, objective, identities, selected, onSelect }: Props) {
  const store = useViewStore();
  const filter = useView('filter');
  const sort = useView('sort');
  const shown = useMemo(() => runs.filter((run) => matches(run, filter)), [runs, filter]);
  const columns = useMemo(() => columnsOf(varying, objective), [varying, objective]);
  const sorting = useMemo(() => parseSort(sort), [sort]);
  const table = useTable({
    features,
    columns,
    data: shown,
    getRowId: (run) => run.id,
    state: { sorting },
    onSortingChange: (update) => {
      const next = typeof update === 'function' ? update(sorting) : update;
      store.set({ sort: writeSort(next) });
    },
    sortDescFirst: false,
  });
  const rows = table.getRowModel().rows;

  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 10,
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);

  const toggle = (id: string) => {
    const next = selected.has(id) ? [...selected].filter((other) => other !== id) : [...selected, id];
    onSelect(runs.filter((run) => next.includes(run.id)).map((run) => run.id));
  };

  return (
    <section className="panel runs" aria-label="Runs">
      <div className="runs-tools">
        <input
          type="search"
          placeholder="filter runs   /"
          aria-label="Filter the runs by label, parameter or state"
          value={filter}
          onChange={(event) => store.set({ filter: event.target.value })}
        />
        <span className="count">
          {selected.size} of {plural(runs.length, 'run')} shown
        </span>
        <button
          type="button"
          className="quiet"
          onClick={() => onSelect(rows.slice(0, 6).map((row) => row.id))}
        >
          first 6
        </button>
        <button type="button" className="quiet" onClick={() => onSelect([])}>
          none
        </button>
      </div>
      <div className="runs-box" ref={box} tabIndex={0} role="region" aria-label="Table of runs">
        <table className="list" aria-rowcount={rows.length + 1}>
          <thead>
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id}>
                <th scope="col" className="check">
                  <span className="hidden">shown</span>
                </th>
                {group.headers.map((header) => (
                  <SortHead
                    key={header.id}
                    title={String(header.column.columnDef.header)}
                    sorted={header.column.getIsSorted()}
                    onSort={header.column.getCanSort() ? () => header.column.toggleSorting() : undefined}
                    isFigure={isFigure(header.id)}
                  />
                ))}
              </tr>
            ))}
          </thead>
          <tbody>
            {above > 0 && <Spacer height={above} />}
            {items.map((item) => {
              const run = rows[item.index]?.original;
              if (!run) return null;
              return (
                <RunRow
                  key={run.id}
                  run={run}
                  rowIndex={item.index + 2}
                  varying={varying}
                  objective={objective}
                  identity={identities.get(run.id)}
                  isSelected={selected.has(run.id)}
                  onToggle={() => toggle(run.id)}
                />
              );
            })}
            {below > 0 && <Spacer height={below} />}
          </tbody>
        </table>
        {rows.length === 0 && (
          <p className="table-empty">{runs.length === 0 ? 'No run yet.' : `No run matches “${filter}”.`}</p>
        )}
      </div>
      <NothingLearnedLegend runs={shown} />
    </section>
  );
}

const Spacer = ({ height }: { height: number }) => (
  <tr aria-hidden="true">
    <td style={{ height, padding: 0, border: 0 }} />
  </tr>
);

interface SortHeadProps {
  title: string;
  sorted: false | 'asc' | 'desc';
  onSort: (() => void) | undefined;
  isFigure: boolean;
}

function SortHead({ title, sorted, onSort, isFigure: figure }: SortHeadProps) {
  return (
    <th
      scope="col"
      className={figure ? 'figure' : undefined}
      aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : undefined}
    >
      {onSort ? (
        <button type="button" className="sort" onClick={onSort}>
          {title}
          {sorted && <Icon name={sorted === 'asc' ? 'up' : 'down'} />}
        </button>
      ) : (
        title
      )}
    </th>
  );
}

interface RowProps {
  run: Run;
  rowIndex: number;
  varying: readonly string[];
  objective: Objective;
  identity: Identity | undefined;
  isSelected: boolean;
  onToggle: () => void;
}

function RunRow({ run, rowIndex, varying, objective, identity, isSelected, onToggle }: RowProps) {
  const { metric } = objective;
  const best = run.best[metric];
  return (
    <tr data-selected={isSelected || undefined} aria-rowindex={rowIndex}>
      <td className="check">
        <input type="checkbox" checked={isSelected} onChange={onToggle} aria-label={`Show ${run.label}`} />
      </td>
      <th scope="row" className="run-cell">
        {identity && <RunMarker identity={identity} />}
        <Link to={`/runs/${run.id}`} title={`${run.label} (${run.id})`}>
          {run.label}
        </Link>
      </th>
      <td className="figure" title={best ? `at epoch ${best.epoch}` : undefined}>
        <NothingLearnedSign run={run} /> {formatMetric(metric, best?.value)}
      </td>
      <td>
        <ObjectiveSparkline run={run} objective={objective} identity={identity} />
      </td>
      <td className="figure">{formatMetric(metric, run.latest[metric])}</td>
      <td className="figure">
        {Math.floor(run.epoch)}/{run.epochs}
      </td>
      <td>
        <StateTag state={run.state} note={run.note} />
        {run.restarts > 0 && (
          <span className="sub-inline" title={`started anew ${plural(run.restarts, 'time')}`}>
            {' '}
            ↻{run.restarts}
          </span>
        )}
      </td>
      {varying.map((name) => (
        <td key={name} className={typeof run.parameters[name] === 'number' ? 'figure' : undefined}>
          {formatParameter(run.parameters[name])}
        </td>
      ))}
      <td className="figure">{formatMetric('train/loss', run.latest['train/loss'])}</td>
    </tr>
  );
}

function ObjectiveSparkline({
  run,
  objective: { metric },
  identity,
}: Pick<RowProps, 'run' | 'objective' | 'identity'>) {
  const query = useQuery({
    ...queries.curve(run.id, metric, sparklineBuckets),
    enabled: run.startedAt !== null,
  });
  const { refetch } = query;
  const latest = run.latest[metric];
  const drawn = query.data?.curve.buckets.at(-1)?.last;
  // Runs that are not shown below send no points, but their newest value comes with their state.
  useEffect(() => {
    if (latest !== undefined && drawn !== undefined && latest !== drawn) void refetch();
    // eslint would have `drawn` here; then a value that never arrives would be asked for without end
  }, [latest, refetch]);
  return (
    <Sparkline
      curve={query.data?.curve}
      color={identity ? `var(--run-${identity.color})` : 'currentColor'}
      label={`${metric} over the epochs`}
    />
  );
}

function columnsOf(varying: readonly string[], objective: Objective) {
  const { metric } = objective;
  const unit = unitOf(metric);
  const plain = { sortFn: 'basic', sortUndefined: 'last' } as const;
  return column.columns([
    column.accessor((run) => run.label, { id: 'run', header: 'run', sortFn: 'alphanumeric' }),
    column.accessor((run) => bestOf(run, objective), {
      id: 'best',
      header: `best${unit && `, ${unit}`}`,
      ...plain,
    }),
    column.display({ id: 'curve', header: 'epochs' }),
    column.accessor((run) => finite(run.latest[metric]), { id: 'latest', header: 'latest', ...plain }),
    column.accessor((run) => run.epoch, { id: 'epoch', header: 'epoch', ...plain }),
    column.accessor((run) => run.state, { id: 'state', header: 'state', ...plain }),
    ...varying.map((name) =>
      column.accessor((run) => run.parameters[name], {
        id: `p:${name}`,
        header: name,
        sortFn: 'basic',
        sortUndefined: 'last',
      }),
    ),
    column.accessor((run) => finite(run.latest['train/loss']), {
      id: 'loss',
      header: 'train loss',
      ...plain,
    }),
  ]);
}

const finite = (value: number | string | undefined) => (typeof value === 'number' ? value : undefined);
const isFigure = (id: string) => ['best', 'latest', 'epoch', 'loss'].includes(id);

/** `-best` is descending. */
function parseSort(sort: string | null): SortingState {
  if (!sort) return [];
  return sort.startsWith('-') ? [{ id: sort.slice(1), desc: true }] : [{ id: sort, desc: false }];
}
function writeSort([first]: SortingState): string | null {
  return first ? `${first.desc ? '-' : ''}${first.id}` : null;
}

/** Every word must be somewhere in the label, a parameter or the state. */
function matches(run: Run, filter: string): boolean {
  const parameters = Object.entries(run.parameters).map(([name, value]) => `${name}=${value}`);
  const text = [run.id, run.label, run.state, ...parameters].join(' ').toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
