import { type Curve, metricCatalogue, type MetricName, type Run } from '@chromatune/contracts';
import { useQueries } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { chartBuckets, queries } from '../api/queries.js';
import { formatMetric, unitOf } from '../ui/format.js';
import { ProblemNote } from '../ui/problem-note.js';
import { Protocol } from '../ui/protocol.js';
import { RunMarker } from '../ui/run-marker.js';
import { useView, useViewStore } from '../view/view-context.js';
import { type PanelName, panels, type XAxis } from '../view/view-state.js';
import { linesOfBaselines } from './baseline-lines.js';
import { CurvePlot, type PlotRun } from './curve-plot.js';
import { bucketAtEpoch, type CurveSeries, emptyNote, type SeriesOptions, toSeries } from './curve-series.js';
import type { Identity } from './identity.js';
import { readColors, useTheme } from './palette.js';
import { stepsToFetch } from './zoom-range.js';

interface Props {
  panel: PanelName;
  /** Which runs it shows, where a panel is divided: losses of different kinds share no axis. */
  part?: string | undefined;
  runs: readonly Run[];
  identities: ReadonlyMap<string, Identity>;
  /** Epoch that the cursor stands at when the view follows the newest. */
  newestEpoch: number;
}

/** One chart: a metric of the selected runs, with a read-out of each run at the cursor. */
export default function CurvePanel({ panel, part, runs, identities, newestEpoch }: Props) {
  const { thin, bold } = panels[panel];
  const label = part ? `${nameOf(panel)} · ${part}` : nameOf(panel);
  const boldCurves = useCurves(runs, bold);
  const thinCurves = useCurves(runs, thin);
  const error = boldCurves.error ?? thinCurves.error;
  const isPending = boldCurves.isPending || thinCurves.isPending;
  const note = isPending ? null : emptyNote([...boldCurves.curves, ...thinCurves.curves], runs);

  return (
    <figure className={part ? 'panel chart chart-half' : 'panel chart'} aria-label={`Chart of ${label}`}>
      <figcaption className="chart-head">
        <div className="chart-title">
          <h2>
            {label} {unitOf(bold) && <span className="unit">{unitOf(bold)}</span>}
          </h2>
          <Protocol metric={bold} />
        </div>
        <Readout
          runs={runs}
          identities={identities}
          curves={boldCurves.curves}
          metric={bold}
          newestEpoch={newestEpoch}
        />
      </figcaption>
      {error ? (
        <ProblemNote error={error} onRetry={boldCurves.refetch} />
      ) : (
        <div className="chart-body" data-state={isPending ? 'loading' : note ? 'empty' : 'ready'}>
          <Plot
            panel={panel}
            runs={runs}
            identities={identities}
            thin={thinCurves.curves}
            bold={boldCurves.curves}
            newestEpoch={newestEpoch}
          />
          {note && <p className="chart-empty">{note}</p>}
        </div>
      )}
    </figure>
  );
}

/** The panel of the loss shows two metrics, so it has a name of its own. */
const nameOf = (panel: PanelName) => (panel === 'loss' ? 'loss' : metricCatalogue[panels[panel].bold].label);

interface PlotProps extends Props {
  thin: readonly (Curve | null)[];
  bold: readonly (Curve | null)[];
}

function Plot({ panel, runs, identities, thin, bold, newestEpoch }: PlotProps) {
  const store = useViewStore();
  const x = useView('x');
  const smooth = useView('smooth');
  const log = useView('log');
  const zoom = useView('zoom');
  const epoch = useView('epoch') ?? newestEpoch;
  const theme = useTheme();
  const plot = useRef<CurvePlot | null>(null);
  const colors = useMemo(() => readColors(), [theme]);

  const attach = useCallback(
    (canvas: HTMLCanvasElement | null) => {
      plot.current?.destroy();
      plot.current = canvas
        ? new CurvePlot(canvas, {
            onEpoch: (next) => {
              if (next !== store.get().epoch) store.set({ epoch: next });
            },
            onZoom: (range) => store.set({ zoom: range }),
          })
        : null;
    },
    [store],
  );

  useEffect(() => {
    const plotted = runs.map((run, index): PlotRun => {
      const options = { x, log, smooth, startedAt: startOf(run) };
      return {
        id: run.id,
        identity: identities.get(run.id) ?? { color: 0, marker: 'circle' },
        thin: cachedSeries(thin[index], options),
        bold: cachedSeries(bold[index], options),
        stoppedEarly: run.state === 'stoppedEarly',
      };
    });
    const { bold: metric } = panels[panel];
    plot.current?.show({
      runs: plotted,
      baselines: linesOfBaselines(runs, metric, { log }),
      metric,
      x,
      log,
      zoom,
      xEnd: endOf(runs, x),
      colors,
    });
  }, [panel, runs, identities, thin, bold, x, smooth, log, zoom, colors]);

  useEffect(() => plot.current?.moveCursor(epoch), [epoch]);

  return (
    <canvas
      ref={attach}
      role="img"
      aria-label={`${panels[panel].label} of ${runs.length} runs by ${x}; the table holds the figures`}
    />
  );
}

interface ReadoutProps {
  runs: readonly Run[];
  identities: ReadonlyMap<string, Identity>;
  curves: readonly (Curve | null)[];
  metric: MetricName;
  newestEpoch: number;
}

/** The figures under the cursor, one a run. */
function Readout({ runs, identities, curves, metric, newestEpoch }: ReadoutProps) {
  const epoch = useView('epoch') ?? newestEpoch;
  return (
    <ul className="readout" aria-label={`At epoch ${epoch}`}>
      {runs.map((run, index) => {
        const curve = curves[index];
        const bucket = curve && bucketAtEpoch(curve, epoch);
        const identity = identities.get(run.id);
        return (
          <li key={run.id} title={`${run.label}, epoch ${bucket?.epoch ?? '–'}`}>
            {identity && <RunMarker identity={identity} />} {formatMetric(metric, bucket?.last)}
          </li>
        );
      })}
    </ul>
  );
}

/** Curves of one metric, a finer one where a reduced curve is zoomed into. Answers in the order of the runs. */
function useCurves(runs: readonly Run[], metric: MetricName | null) {
  const x = useView('x');
  const zoom = useView('zoom');
  const whole = useQueries({
    queries: metric ? runs.map((run) => queries.curve(run.id, metric)) : [],
  });
  const finer = useQueries({
    queries: metric
      ? runs.map((run, index) => {
          const curve = whole[index]?.data?.curve;
          const range = curve ? stepsToFetch(curve, zoom, x, startOf(run)) : null;
          return { ...queries.curve(run.id, metric, chartBuckets, range), enabled: range !== null };
        })
      : [],
  });

  const current = runs.map((_, index) => finer[index]?.data?.curve ?? whole[index]?.data?.curve ?? null);
  const curves = useSame(metric ? current : noCurves);
  return {
    curves,
    isPending: whole.some(({ isPending }) => isPending),
    error: whole.find(({ error }) => error)?.error ?? null,
    refetch: () => {
      for (const query of whole) if (query.error) void query.refetch();
    },
  };
}
const noCurves: (Curve | null)[] = [];

/** The same array as long as its members are the same, so that effects run when something changed. */
function useSame<T>(items: T[]): T[] {
  const kept = useRef(items);
  const same =
    kept.current.length === items.length && items.every((item, index) => item === kept.current[index]);
  if (!same) kept.current = items;
  return kept.current;
}

const seriesOfCurve = new WeakMap<Curve, { key: string; series: CurveSeries }>();

/** Curves are immutable: a run that got no new point is not computed again when another did. */
function cachedSeries(curve: Curve | null | undefined, options: SeriesOptions): CurveSeries | null {
  if (!curve) return null;
  const key = JSON.stringify(options);
  const cached = seriesOfCurve.get(curve);
  if (cached?.key === key) return cached.series;
  const series = toSeries(curve, options);
  seriesOfCurve.set(curve, { key, series });
  return series;
}

/** How far the runs have come, so that charts of steps and of epochs end at the same place. */
function endOf(runs: readonly Run[], x: XAxis): number | null {
  if (x === 'time') return null;
  const ends = runs.map((run) => (x === 'epoch' ? run.epoch : run.step));
  return Math.max(...ends) || null;
}

const startOf = (run: Run) => Date.parse(run.startedAt ?? run.createdAt);
