import { Dialog, ToggleGroup } from 'radix-ui';
import { type PointerEvent, useCallback, useEffect, useRef, useState } from 'react';
import { formatMetric } from '../ui/format.js';
import { Icon } from '../ui/icon.js';
import { RunLabel } from '../ui/run-label.js';
import { useView, useViewStore } from '../view/view-context.js';
import type { Lens } from '../view/view-state.js';
import { srgbToLab } from './lab.js';
import type { Source } from './sample-sources.js';
import { keyOfSource, sourceOfKey } from './sample-table.js';
import { type Strip, stripCache } from './strip-cache.js';

/** What part of the photograph is seen: `scale` times enlarged around a centre in shares of its side. */
interface Window {
  scale: number;
  x: number;
  y: number;
}
const whole: Window = { scale: 1, x: 0.5, y: 0.5 };
const largestScale = 16;

interface Props {
  sources: readonly Source[];
  epoch: number;
  images: readonly number[];
}

/** One photograph large: switched in place, all sources beside each other with linked zoom, or two under a swipe. */
export function Loupe({ sources, epoch, images }: Props) {
  const store = useViewStore();
  const image = useView('loupe');
  const lens = useView('lens');
  const close = () => store.set({ loupe: null, show: null });
  return (
    <Dialog.Root open={image !== null && images.includes(image)} onOpenChange={(open) => !open && close()}>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay" />
        <Dialog.Content
          className="loupe"
          aria-describedby={undefined}
          onOpenAutoFocus={(event) => {
            // Not the first button: the arrow keys speak about photograph and epoch.
            event.preventDefault();
            (event.currentTarget as HTMLElement).focus();
          }}
        >
          <header className="loupe-head">
            <Dialog.Title>
              Photograph {(image ?? 0) + 1} <span className="unit">epoch {epoch} · sRGB</span>
            </Dialog.Title>
            <LensChoice lens={lens} onChange={(next) => store.set({ lens: next })} />
            <Dialog.Close className="icon" aria-label="Close the loupe">
              <Icon name="close" />
            </Dialog.Close>
          </header>
          {image !== null && <LoupeBody key={image} image={image} lens={lens} sources={sources} />}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function LensChoice({ lens, onChange }: { lens: Lens; onChange: (lens: Lens) => void }) {
  return (
    <ToggleGroup.Root
      type="single"
      className="segments"
      aria-label="How the loupe shows"
      value={lens}
      onValueChange={(value) => value && onChange(value as Lens)}
    >
      <ToggleGroup.Item value="one">in place</ToggleGroup.Item>
      <ToggleGroup.Item value="all">side by side</ToggleGroup.Item>
      <ToggleGroup.Item value="swipe">swipe</ToggleGroup.Item>
    </ToggleGroup.Root>
  );
}

function LoupeBody({ image, lens, sources }: { image: number; lens: Lens; sources: readonly Source[] }) {
  const [seen, setSeen] = useState(whole);
  const [pixel, setPixel] = useState<[number, number] | null>(null);
  const pane = { image, seen, onSeen: setSeen, onPixel: setPixel };
  const show = useView('show');
  const single = sourceOfKey(show, sources) ?? sources[2] ?? sources[1];

  return (
    <div className="loupe-body">
      <div className="loupe-pictures">
        {lens === 'one' && single && (
          <>
            <div className="panes panes-one">
              <Pane {...pane} source={single} />
            </div>
            <SourceKeys sources={sources} shown={single} />
          </>
        )}
        {lens === 'all' && (
          <div className="panes panes-all" tabIndex={0} role="region" aria-label="All pictures">
            {sources.map((source) => (
              <figure key={source.id}>
                <Pane {...pane} source={source} />
                <figcaption>
                  <RunLabel label={source.label} />
                </figcaption>
              </figure>
            ))}
          </div>
        )}
        {lens === 'swipe' && <Swipe {...pane} sources={sources} />}
      </div>
      <aside className="loupe-aside" tabIndex={0} role="region" aria-label="Colour under the pointer">
        <PixelReadout image={image} pixel={pixel} sources={sources} />
        <p className="hint">
          Wheel zooms, drag moves, double-click shows all. <kbd>g</kbd> <kbd>t</kbd> <kbd>1</kbd>–<kbd>9</kbd>{' '}
          switch in place, <kbd>↑</kbd> <kbd>↓</kbd> photograph, <kbd>←</kbd> <kbd>→</kbd> epoch.
        </p>
      </aside>
    </div>
  );
}

function SourceKeys({ sources, shown }: { sources: readonly Source[]; shown: Source }) {
  const store = useViewStore();
  return (
    <ul className="source-keys">
      {sources.map((source) => {
        const key = keyOfSource(source, sources);
        return (
          <li key={source.id}>
            <button
              type="button"
              aria-pressed={source === shown}
              disabled={key === null}
              onClick={() => store.set({ show: key })}
            >
              {key && <kbd>{key}</kbd>} {source.label}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

interface PaneProps {
  source: Source;
  image: number;
  seen: Window;
  onSeen: (seen: Window) => void;
  onPixel: (pixel: [number, number] | null) => void;
  /** Shows only what lies right of this share of the width. */
  clipLeft?: number | undefined;
}

/** A picture that can be zoomed and moved; what is seen is shared by all panes. */
function Pane({ source, image, seen, onSeen, onPixel, clipLeft }: PaneProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drag = useRef<{ x: number; y: number; from: Window } | null>(null);
  const side = useSquareSide(canvas);
  const tile = source.tileOf(image);

  useEffect(() => {
    let current = true;
    if (source.strip === null || tile === null) {
      canvas.current?.getContext('2d')?.clearRect(0, 0, 1e4, 1e4);
      return;
    }
    const draw = (strip: Strip) => {
      if (current && canvas.current) drawWindow(canvas.current, strip, tile, side, seen);
    };
    const ready = stripCache.peek(source.strip);
    if (ready) draw(ready);
    else stripCache.load(source.strip).then(draw, () => undefined);
    return () => {
      current = false;
    };
  }, [source.strip, tile, side, seen]);

  const zoomAt = useCallback(
    (factor: number, x: number, y: number) => onSeen(zoomed(seen, factor, x, y)),
    [seen, onSeen],
  );
  useEffect(() => {
    const element = canvas.current;
    // React listens to wheels passively; this one must not scroll the dialog.
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = element?.getBoundingClientRect();
      if (!box) return;
      zoomAt(
        Math.exp(-event.deltaY / 300),
        (event.clientX - box.left) / box.width,
        (event.clientY - box.top) / box.height,
      );
    };
    element?.addEventListener('wheel', onWheel, { passive: false });
    return () => element?.removeEventListener('wheel', onWheel);
  }, [zoomAt]);

  const onMove = (event: PointerEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    if (drag.current) {
      const { x, y, from } = drag.current;
      const moved = {
        ...from,
        x: from.x - (event.clientX - x) / box.width / from.scale,
        y: from.y - (event.clientY - y) / box.height / from.scale,
      };
      onSeen(inside(moved));
    }
    const at = place(seen, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    onPixel(at.every((share) => share >= 0 && share < 1) ? at : null);
  };

  return (
    <canvas
      ref={canvas}
      className="pane"
      role="img"
      aria-label={source.label}
      style={clipLeft === undefined ? undefined : { clipPath: `inset(0 0 0 ${100 * clipLeft}%)` }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = { x: event.clientX, y: event.clientY, from: seen };
      }}
      onPointerUp={() => {
        drag.current = null;
      }}
      onPointerMove={onMove}
      onPointerLeave={() => onPixel(null)}
      onDoubleClick={() => onSeen(whole)}
    />
  );
}

/** Two sources in one place, divided where the slider stands. */
function Swipe({ sources, ...pane }: Omit<PaneProps, 'source'> & { sources: readonly Source[] }) {
  const store = useViewStore();
  const chosen = useView('swipe');
  const find = (id: string | undefined, otherwise: number) =>
    sources.find((source) => source.id === id) ?? sources[otherwise] ?? sources[0];
  const left = find(chosen?.[0], 1);
  const right = find(chosen?.[1], 2);
  const [divide, setDivide] = useState(0.5);
  if (!left || !right) return null;

  const choice = (label: string, value: Source, onChange: (id: string) => void) => (
    <label>
      {label}{' '}
      <select value={value.id} onChange={(event) => onChange(event.target.value)}>
        {sources.map(({ id, label: name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <>
      <div className="panes panes-one">
        <div className="swipe">
          <Pane {...pane} source={left} />
          <Pane {...pane} source={right} clipLeft={divide} />
          <span className="swipe-line" style={{ left: `${100 * divide}%` }} aria-hidden="true" />
        </div>
      </div>
      <div className="swipe-controls">
        {choice('left', left, (id) => store.set({ swipe: [id, right.id] }))}
        <input
          type="range"
          min={0}
          max={1}
          step={0.005}
          value={divide}
          aria-label="Where the two pictures are divided"
          onChange={(event) => setDivide(Number(event.target.value))}
        />
        {choice('right', right, (id) => store.set({ swipe: [left.id, id] }))}
      </div>
    </>
  );
}

/** Colour of the pixel under the pointer in every source. */
function PixelReadout({
  image,
  pixel,
  sources,
}: {
  image: number;
  pixel: [number, number] | null;
  sources: readonly Source[];
}) {
  return (
    <table className="pixel">
      <thead>
        <tr>
          <th scope="col">pixel</th>
          <th scope="col">R G B</th>
          <th scope="col">L a b</th>
          <th scope="col">ab RMSE</th>
        </tr>
      </thead>
      <tbody>
        {sources.map((source) => {
          const rgb = pixel && colorAt(source, image, pixel);
          const lab = rgb && srgbToLab(...rgb);
          return (
            <tr key={source.id}>
              <th scope="row">
                <RunLabel label={source.label} />
              </th>
              <td>{rgb ? rgb.join(' ') : '–'}</td>
              <td>{lab ? [lab.l, lab.a, lab.b].map(oneDigit).join(' ') : '–'}</td>
              <td>{formatMetric('validation/abRmse', source.errorOf(image))}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

const oneDigit = (value: number) => (Math.round(value * 10) / 10 + 0).toFixed(1).replace('-', '−');

/** The place in the picture, in shares of its side, of a place on the pane. */
function place({ scale, x, y }: Window, paneX: number, paneY: number): [number, number] {
  return [x + (paneX - 0.5) / scale, y + (paneY - 0.5) / scale];
}

function zoomed(seen: Window, factor: number, paneX: number, paneY: number): Window {
  const scale = Math.min(largestScale, Math.max(1, seen.scale * factor));
  const [x, y] = place(seen, paneX, paneY);
  return inside({ scale, x: x - (paneX - 0.5) / scale, y: y - (paneY - 0.5) / scale });
}

function inside({ scale, x, y }: Window): Window {
  const half = 0.5 / scale;
  const clamp = (value: number) => Math.min(1 - half, Math.max(half, value));
  return { scale, x: clamp(x), y: clamp(y) };
}

function drawWindow(
  canvas: HTMLCanvasElement,
  strip: Strip,
  index: number,
  side: number,
  seen: Window,
): void {
  const pixels = Math.round(side * window.devicePixelRatio);
  const tile = strip.tiles[index];
  if (canvas.width !== pixels) {
    canvas.width = pixels;
    canvas.height = pixels;
  }
  const context = canvas.getContext('2d', { colorSpace: 'srgb' });
  if (!context || !tile || pixels === 0) return;
  const part = strip.side / seen.scale;
  // Far in, pixels are what one wants to see.
  context.imageSmoothingEnabled = pixels / part < 12;
  context.imageSmoothingQuality = 'high';
  const left = seen.x * strip.side - part / 2;
  const top = seen.y * strip.side - part / 2;
  context.drawImage(tile, left, top, part, part, 0, 0, pixels, pixels);
}

function useSquareSide(canvas: { current: HTMLCanvasElement | null }): number {
  const [side, setSide] = useState(0);
  useEffect(() => {
    if (!canvas.current) return;
    const observer = new ResizeObserver(([entry]) => setSide(entry?.contentRect.width ?? 0));
    observer.observe(canvas.current);
    return () => observer.disconnect();
  }, [canvas]);
  return side;
}

let probe: CanvasRenderingContext2D | null = null;

function colorAt(source: Source, image: number, [x, y]: [number, number]): [number, number, number] | null {
  const tile = source.tileOf(image);
  const strip = source.strip === null ? undefined : stripCache.peek(source.strip);
  const bitmap = tile === null ? undefined : strip?.tiles[tile];
  if (!strip || !bitmap) return null;
  if (!probe) {
    const canvas = document.createElement('canvas');
    canvas.width = 1;
    canvas.height = 1;
    probe = canvas.getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' });
  }
  probe?.drawImage(bitmap, Math.floor(x * strip.side), Math.floor(y * strip.side), 1, 1, 0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = probe?.getImageData(0, 0, 1, 1).data ?? [];
  return [red, green, blue];
}
