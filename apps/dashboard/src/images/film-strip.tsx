import type { Run, Sample } from '@chromatune/contracts';
import { type CSSProperties, useEffect, useMemo, useRef } from 'react';
import { useView, useViewStore } from '../view/view-context.js';
import { formatMetric } from '../ui/format.js';
import { greySource, runSource, sampledImages, truthSource } from './sample-sources.js';
import { Tile } from './tile.js';

interface Props {
  run: Run;
  samples: readonly Sample[];
  digest: string;
  epoch: number;
}

/** Every epoch of each photograph from left to right, between its grey input and its truth. */
export function FilmStrip({ run, samples, digest, epoch }: Props) {
  const store = useViewStore();
  const size = useView('size') ?? 96;
  const images = useMemo(() => sampledImages([samples]), [samples]);
  const box = useRef<HTMLDivElement>(null);
  const [grey, truth] = useMemo(() => [greySource(digest), truthSource(digest)] as const, [digest]);
  const epochs = useMemo(
    () => samples.map((sample) => ({ epoch: sample.epoch, source: runSource(run, samples, sample.epoch) })),
    [run, samples],
  );

  useEffect(() => {
    const column = box.current?.querySelector<HTMLElement>('th[data-shown]');
    const scroller = box.current;
    if (!column || !scroller) return;
    const left = column.offsetLeft - scroller.clientWidth / 2 + column.clientWidth / 2;
    scroller.scrollTo({ left });
  }, [epoch]);

  return (
    <div
      className="sample-box"
      ref={box}
      tabIndex={0}
      role="region"
      aria-label="Film strip: every epoch of each photograph"
    >
      <table className="samples" style={{ '--tile': `${size}px` } as CSSProperties}>
        <thead>
          <tr>
            <th scope="col" className="row-head">
              <span className="hidden">photograph</span>
            </th>
            <th scope="col">grey</th>
            <th scope="col">truth</th>
            {epochs.map((column) => (
              <th key={column.epoch} scope="col" data-shown={column.epoch === epoch || undefined}>
                <button type="button" className="quiet" onClick={() => store.set({ epoch: column.epoch })}>
                  epoch {column.epoch}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {images.map((image) => (
            <tr key={image}>
              <th scope="row" className="row-head">
                {image + 1}
              </th>
              {[grey, truth].map((source) => (
                <td key={source.id}>
                  <Tile
                    strip={source.strip}
                    index={image}
                    size={size}
                    label={`photograph ${image + 1}, ${source.label}`}
                  />
                </td>
              ))}
              {epochs.map((column) => (
                <td key={column.epoch} data-shown={column.epoch === epoch || undefined}>
                  <button
                    type="button"
                    className="tile-button"
                    aria-label={`Open photograph ${image + 1} at epoch ${column.epoch} in the loupe`}
                    onClick={() => store.set({ epoch: column.epoch, image, loupe: image, show: '1' })}
                  >
                    <Tile
                      strip={column.source.strip}
                      index={column.source.tileOf(image) ?? 0}
                      size={size}
                      label={`photograph ${image + 1}, epoch ${column.epoch}`}
                    />
                  </button>
                  <span className="tile-error">
                    {formatMetric('validation/abRmse', column.source.errorOf(image))}
                  </span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
