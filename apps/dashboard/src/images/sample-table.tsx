import { isEnded, type Run, type Sample } from '@chromatune/contracts';
import { useQueries } from '@tanstack/react-query';
import { type CSSProperties, memo, useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { Link } from 'react-router';
import { queries } from '../api/queries.js';
import type { Identity } from '../charts/identity.js';
import { formatMetric } from '../ui/format.js';
import { RunLabel } from '../ui/run-label.js';
import { RunMarker } from '../ui/run-marker.js';
import { useView, useViewStore } from '../view/view-context.js';
import { useShownEpoch } from './epoch-slider.js';
import { greySource, runSource, type Source, stripsAround, truthSource } from './sample-sources.js';
import { stripCache } from './strip-cache.js';
import { Tile } from './tile.js';

interface Props {
  digest: string;
  runs: readonly Run[];
  identities: ReadonlyMap<string, Identity>;
  samples: readonly (readonly Sample[])[];
  images: readonly number[];
  newestEpoch: number;
}

/** Samples of runs, fetched once and kept fresh by live events; in the order of the runs. */
export function useSamples(runs: readonly Run[]) {
  return useQueries({
    queries: runs.map((run) => queries.samples(run.id)),
    combine: (results) => ({
      samples: results.map(({ data }) => data ?? []),
      areKnown: results.every(({ data }) => data !== undefined),
      error: results.find(({ error }) => error)?.error ?? null,
    }),
  });
}

/** One row a photograph; grey input, truth, then each run at the chosen epoch, with its ab RMSE under it. */
export function SampleTable({ digest, runs, identities, samples, images, newestEpoch }: Props) {
  const epoch = useShownEpoch(newestEpoch);
  const show = useView('show');
  const size = useTileSize(runs.length + 2);
  const sources = useMemo(
    () => [
      greySource(digest),
      truthSource(digest),
      ...runs.map((run, index) => runSource(run, samples[index] ?? [], epoch)),
    ],
    [digest, runs, samples, epoch],
  );

  useEffect(() => {
    const timer = window.setTimeout(() => stripCache.prefetch(stripsAround(runs, samples, epoch)), 60);
    return () => window.clearTimeout(timer);
  }, [runs, samples, epoch]);

  const flicker = sourceOfKey(show, sources);
  return (
    <div className="sample-box" tabIndex={0} role="region" aria-label="Colorized samples">
      <table className="samples" style={{ '--tile': `${size}px` } as CSSProperties}>
        <thead>
          <tr>
            <th scope="col" className="row-head">
              <span className="hidden">photograph</span>
            </th>
            <th scope="col">grey</th>
            <th scope="col">truth</th>
            {runs.map((run, index) => (
              <ColumnHead
                key={run.id}
                run={run}
                identity={identities.get(run.id)}
                source={sources[index + 2]}
                epoch={epoch}
                flicker={flicker}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {images.map((image) => (
            <PhotographRow key={image} image={image} sources={sources} size={size} flicker={flicker} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface HeadProps {
  run: Run;
  identity: Identity | undefined;
  source: Source | undefined;
  epoch: number;
  flicker: Source | null;
}

function ColumnHead({ run, identity, source, epoch, flicker }: HeadProps) {
  const isBehind = source?.epoch !== null && source?.epoch !== epoch;
  return (
    <th scope="col">
      <Link to={`/runs/${run.id}`} title={run.label} className="column-run">
        {identity && <RunMarker identity={identity} />} <RunLabel label={run.label} />
      </Link>
      <span className="column-note">
        {flicker
          ? `shows ${flicker.label}`
          : source?.epoch == null
            ? isEnded(run.state)
              ? 'no sample'
              : 'no sample yet'
            : isBehind
              ? `epoch ${source.epoch}`
              : '\u00a0'}
      </span>
    </th>
  );
}

interface RowProps {
  image: number;
  sources: readonly Source[];
  size: number;
  flicker: Source | null;
}

const PhotographRow = memo(function PhotographRow({ image, sources, size, flicker }: RowProps) {
  const store = useViewStore();
  const isFocused = useView('image') === image;
  const row = useRef<HTMLTableRowElement>(null);
  const wasFocused = useRef(isFocused);
  useEffect(() => {
    if (isFocused && !wasFocused.current) row.current?.scrollIntoView({ block: 'nearest' });
    wasFocused.current = isFocused;
  }, [isFocused]);

  const errors = sources.map((source) => source.errorOf(image));
  const least = Math.min(...errors.filter((error) => error !== null));
  return (
    <tr ref={row} data-focused={isFocused || undefined}>
      <th scope="row" className="row-head">
        {image + 1}
      </th>
      {sources.map((source, index) => {
        const isRun = index >= 2;
        const shown = isRun && flicker ? flicker : source;
        const tile = shown.tileOf(image);
        const error = errors[index] ?? null;
        return (
          <td key={source.id}>
            <button
              type="button"
              className="tile-button"
              aria-label={`Open photograph ${image + 1}, ${source.label}, in the loupe`}
              onClick={() => store.set({ image, loupe: image, show: keyOfSource(source, sources) })}
            >
              <Tile
                strip={tile === null ? null : shown.strip}
                index={tile ?? 0}
                size={size}
                label={`photograph ${image + 1}, ${shown.label}`}
              />
            </button>
            {isRun && (
              <span
                className="tile-error"
                data-best={(error !== null && error === least && sources.length > 3) || undefined}
              >
                {formatMetric('validation/abRmse', error)}
              </span>
            )}
          </td>
        );
      })}
    </tr>
  );
});

/** Grey and truth have letters, the first nine runs their numbers. */
export function keyOfSource(source: Source, sources: readonly Source[]): string | null {
  if (source.id === 'g' || source.id === 't') return source.id;
  const number = sources.indexOf(source) - 1;
  return number >= 1 && number <= 9 ? String(number) : null;
}

export function sourceOfKey(key: string | null, sources: readonly Source[]): Source | null {
  if (key === null) return null;
  if (key === 'g' || key === 't') return sources.find(({ id }) => id === key) ?? null;
  return sources[Number(key) + 1] ?? null;
}

/** The chosen side, or one at which the columns fit: whole photographs beside each other are the point. */
function useTileSize(columns: number): number {
  const chosen = useView('size');
  const width = useSyncExternalStore(subscribeToResize, () => window.innerWidth);
  if (chosen !== null) return chosen;
  const fits = Math.floor((Math.min(width, 1600) - 90) / columns) - 10;
  return fits >= 128 ? 128 : fits >= 96 ? 96 : 88;
}

function subscribeToResize(onChange: () => void): () => void {
  window.addEventListener('resize', onChange);
  return () => window.removeEventListener('resize', onChange);
}
