import type { Run } from '@chromatune/contracts';

export const markers = ['circle', 'triangle', 'square', 'diamond', 'triangleDown', 'plus'] as const;
export type Marker = (typeof markers)[number];

/** Colours of the palette in `ui/styles.css`, `--run-0` to `--run-6`. */
export const paletteSize = 7;

/** How one run looks everywhere: in tables, curves, legends and image columns. */
export interface Identity {
  /** Index into the palette. */
  color: number;
  marker: Marker;
}

/**
 * Seven colours and six shapes have no common factor, so the first 42 runs of a sweep all differ, and neighbours differ
 * in both. The identity follows from the run's index alone and never from what is selected.
 */
export function identityOf(index: number): Identity {
  return { color: index % paletteSize, marker: markers[index % markers.length] ?? 'circle' };
}

/** Identities of runs shown together. Runs of several sweeps may share an index: the later one moves to the next free. */
export function identitiesOf(runs: readonly Pick<Run, 'id' | 'index'>[]): Map<string, Identity> {
  const taken = new Set<number>();
  const identities = new Map<string, Identity>();
  for (const { id, index } of runs) {
    let slot = index;
    while (taken.size < 42 && taken.has(slot % 42)) slot += 1;
    taken.add(slot % 42);
    identities.set(id, identityOf(slot));
  }
  return identities;
}
