import type { Marker } from './identity.js';

/** Outlines of the markers in a square from -1 to 1, for SVG and canvas alike. */
export const markerPaths: Record<Marker, string> = {
  circle: 'M0-.9A.9.9 0 1 1 0 .9A.9.9 0 1 1 0-.9Z',
  triangle: 'M0-1L1 .8L-1 .8Z',
  square: 'M-.8-.8H.8V.8H-.8Z',
  diamond: 'M0-1.05L1.05 0L0 1.05L-1.05 0Z',
  triangleDown: 'M0 1L1-.8L-1-.8Z',
  plus: 'M-.33-1H.33V-.33H1V.33H.33V1H-.33V.33H-1V-.33H-.33Z',
};

const paths = new Map<Marker, Path2D>();

/** Draws a marker with the context's fill, ringed with its stroke so that it stands off the lines. */
export function drawMarker(
  ctx: CanvasRenderingContext2D,
  marker: Marker,
  x: number,
  y: number,
  radius: number,
) {
  const path = paths.get(marker) ?? new Path2D(markerPaths[marker]);
  paths.set(marker, path);
  ctx.save();
  ctx.translate(x, y);
  ctx.scale(radius, radius);
  ctx.lineWidth /= radius;
  ctx.stroke(path);
  ctx.fill(path);
  ctx.restore();
}
