import type { Identity } from '../charts/identity.js';
import { markerPaths } from '../charts/marker-shape.js';

/** The sign of a run: its colour and shape. Always beside its label, so it needs no name of its own. */
export function RunMarker({ identity, size = 10 }: { identity: Identity; size?: number }) {
  return (
    <svg className="run-marker" width={size} height={size} viewBox="-1.1 -1.1 2.2 2.2" aria-hidden="true">
      <path d={markerPaths[identity.marker]} fill={`var(--run-${identity.color})`} />
    </svg>
  );
}
