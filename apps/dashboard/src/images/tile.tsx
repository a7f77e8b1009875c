import { useLayoutEffect, useRef, useState } from 'react';
import { type Strip, stripCache } from './strip-cache.js';

interface Props {
  /** Address of a vertical strip of square tiles; null while there is none. */
  strip: string | null;
  /** Which tile of the strip, from the top. */
  index: number;
  /** Side on the screen, in CSS pixels. */
  size: number;
  label: string;
}

/**
 * One tile of a strip. It is drawn onto a canvas, which resamples well (a scaled CSS background would also bleed its
 * neighbours in at the edges), and keeps what it shows until the next picture is decoded, so that scrubbing never flashes.
 */
export function Tile({ strip, index, size, label }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [failed, setFailed] = useState(false);

  useLayoutEffect(() => {
    let current = true;
    setFailed(false);
    const show = (picture: Strip) => {
      if (current && canvas.current) drawTile(canvas.current, picture, index, size);
    };
    const ready = strip === null ? undefined : stripCache.peek(strip);
    if (ready) show(ready);
    else if (strip !== null) {
      stripCache.load(strip).then(show, () => {
        if (current) setFailed(true);
      });
    }
    return () => {
      current = false;
    };
  }, [strip, index, size]);

  return (
    <span className="tile" style={{ width: size, height: size }} data-failed={failed || undefined}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={failed ? `${label}: the picture could not be loaded` : label}
      />
    </span>
  );
}

function drawTile(canvas: HTMLCanvasElement, { side, tiles }: Strip, index: number, size: number): void {
  const pixels = Math.round(size * window.devicePixelRatio);
  const tile = tiles[index];
  if (canvas.width !== pixels) {
    canvas.width = pixels;
    canvas.height = pixels;
  }
  const context = canvas.getContext('2d', { colorSpace: 'srgb' });
  if (!context || !tile) return;
  context.imageSmoothingEnabled = pixels !== side;
  context.imageSmoothingQuality = 'high';
  context.drawImage(tile, 0, 0, pixels, pixels);
}
