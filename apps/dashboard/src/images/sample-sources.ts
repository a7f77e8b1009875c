import type { Run, Sample } from '@chromatune/contracts';
import { addresses } from '../api/client.js';

/** A picture of a photograph: the grey input, the truth, or what a run made of it. `id` is `g`, `t` or the run's id. */
export interface Source {
  id: string;
  label: string;
  strip: string | null;
  /** Which tile of the strip shows a photograph (an index of the dataset's previews); null when it is not in it. */
  tileOf(image: number): number | null;
  /** ab RMSE of the photograph; null for grey, truth and what was not sampled. */
  errorOf(image: number): number | null;
  /** Epoch of the pictures, which may lie before the chosen one; null for grey and truth. */
  epoch: number | null;
}

export function greySource(digest: string): Source {
  return still('g', 'grey', addresses.picture(digest, 'grey'));
}

export function truthSource(digest: string): Source {
  return still('t', 'truth', addresses.picture(digest, 'truth'));
}

/** A run at an epoch: its newest sample up to there, or its first one. */
export function runSource(run: Run, samples: readonly Sample[], epoch: number): Source {
  const sample = samples.findLast((candidate) => candidate.epoch <= epoch) ?? samples[0];
  const tileOf = (image: number) => {
    const tile = sample?.images.findIndex((entry) => entry.image === image) ?? -1;
    return tile < 0 ? null : tile;
  };
  return {
    id: run.id,
    label: run.label,
    strip: sample ? addresses.sampleStrip(run.id, sample.attempt, sample.epoch) : null,
    tileOf,
    errorOf: (image) => sample?.images.find((entry) => entry.image === image)?.abRmse ?? null,
    epoch: sample?.epoch ?? null,
  };
}

/** Photographs that at least one run was sampled on, in the dataset's order. */
export function sampledImages(samples: readonly (readonly Sample[])[]): number[] {
  const images = new Set(samples.flatMap((ofRun) => ofRun.at(-1)?.images.map(({ image }) => image) ?? []));
  return [...images].sort((a, b) => a - b);
}

/** Strips that scrubbing would need next: nearest epochs first, a few more ahead than behind. */
export function stripsAround(
  runs: readonly Run[],
  samples: readonly (readonly Sample[])[],
  epoch: number,
): string[] {
  const offsets = [1, -1, 2, 3, -2, 4, 5, -3, 6];
  const urls = offsets.flatMap((offset) =>
    runs.map((run, index) => runSource(run, samples[index] ?? [], epoch + offset).strip),
  );
  return [...new Set(urls)].filter((url): url is string => url !== null);
}

const still = (id: string, label: string, strip: string): Source => ({
  id,
  label,
  strip,
  tileOf: (image) => image,
  errorOf: () => null,
  epoch: null,
});
