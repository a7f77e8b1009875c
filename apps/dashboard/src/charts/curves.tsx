import { metricCatalogue, type Run } from '@chromatune/contracts';
import { ToggleGroup } from 'radix-ui';
import { lazy, Suspense, useMemo } from 'react';
import { useView, useViewStore } from '../view/view-context.js';
import { type PanelName, panelNames, panels, usualPanels, type XAxis, xAxes } from '../view/view-state.js';
import type { Identity } from './identity.js';
import { MoreCharts } from './more-charts.js';

/** Chart.js is the largest part of the page: the table and the pictures do not wait for it. */
const CurvePanel = lazy(() => import('./curve-panel.js'));

interface Props {
  runs: readonly Run[];
  identities: ReadonlyMap<string, Identity>;
  newestEpoch: number;
  /** Said where no run is shown. */
  empty?: string;
}

/** The chosen charts under one set of controls; cursor, axis, zoom and smoothing are the same in all. */
export function Curves({ runs, identities, newestEpoch, empty }: Props) {
  const shown = useView('panels');
  const parts = useMemo(() => shown.flatMap((panel) => partsOf(panel, runs)), [shown, runs]);
  return (
    <section className="curves" aria-label="Curves">
      <CurveTools />
      {runs.length === 0 ? (
        <p className="panel table-empty">{empty}</p>
      ) : (
        <div className="charts">
          {parts.map(({ key, ...part }) => (
            <Suspense key={key} fallback={<div className="panel chart" aria-busy="true" />}>
              <CurvePanel {...part} identities={identities} newestEpoch={newestEpoch} />
            </Suspense>
          ))}
        </div>
      )}
    </section>
  );
}

/** A chart for each kind of loss: a mean squared error and a cross entropy on one axis would hide the smaller one. */
function partsOf(panel: PanelName, runs: readonly Run[]) {
  const kinds =
    panel === 'loss' ? [...new Set(runs.map(({ parameters }) => String(parameters['loss'] ?? '')))] : [];
  if (kinds.length < 2) return [{ key: panel as string, panel, runs }];
  return kinds.map((kind) => ({
    key: `${panel} ${kind}`,
    panel,
    part: kind,
    runs: runs.filter(({ parameters }) => String(parameters['loss'] ?? '') === kind),
  }));
}

function CurveTools() {
  const store = useViewStore();
  const shown = useView('panels');
  const x = useView('x');
  const log = useView('log');
  const smooth = useView('smooth');
  const zoom = useView('zoom');
  return (
    <div className="tools" role="group" aria-label="How curves are drawn">
      <ToggleGroup.Root
        type="multiple"
        className="segments"
        aria-label="Charts"
        value={shown}
        onValueChange={(names) => store.set({ panels: panelNames.filter((name) => names.includes(name)) })}
      >
        {usualPanels.map((name) => (
          <ToggleGroup.Item key={name} value={name} title={metricCatalogue[panels[name].bold].label}>
            {panels[name].label}
          </ToggleGroup.Item>
        ))}
      </ToggleGroup.Root>
      <MoreCharts />
      <ToggleGroup.Root
        type="single"
        className="segments"
        aria-label="x axis"
        value={x}
        onValueChange={(axis) => axis && store.set({ x: axis as XAxis, zoom: null })}
      >
        {xAxes.map((axis) => (
          <ToggleGroup.Item key={axis} value={axis}>
            {axis}
          </ToggleGroup.Item>
        ))}
      </ToggleGroup.Root>
      <label className="check-label">
        <input type="checkbox" checked={log} onChange={(event) => store.set({ log: event.target.checked })} />{' '}
        log
      </label>
      <label className="check-label" title="Exponential moving average; the raw line stays behind it">
        smooth
        <input
          type="range"
          min={0}
          max={0.99}
          step={0.01}
          value={smooth}
          onChange={(event) => store.set({ smooth: Number(event.target.value) })}
        />
        <output>{smooth.toFixed(2)}</output>
      </label>
      {zoom !== null && (
        <button type="button" className="quiet" onClick={() => store.set({ zoom: null })}>
          reset zoom
        </button>
      )}
    </div>
  );
}
