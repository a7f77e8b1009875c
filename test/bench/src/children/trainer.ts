import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { EngineName } from '@chromatune/contracts';
import type { Batch, BatchShape, createEagerStep } from '@chromatune/models';
import { stream } from '@chromatune/random';
import { repository } from '@chromatune/test-support';

export type CreateStep = typeof createEagerStep;

/** What is used of the trainer's compiled files. */
interface Trainer {
  loadEngine(
    want: EngineName,
    options: { threads: number; deterministic?: boolean; compile?: boolean },
  ): Promise<{ version: string; createStep: CreateStep }>;
  PeakMemory: new () => { bytes(): number };
  nodeFlags: string[];
}

/** One of the trainer's own files, so that what is measured is what runs do. */
export const trainerFile = (file: string): Promise<Trainer> =>
  import(pathToFileURL(path.join(repository, 'apps/trainer/dist', file)).href) as Promise<Trainer>;

/** The time and the memory of a step do not depend on what the pictures show. */
export function noise({ images, size }: BatchShape): Batch {
  const random = stream(0, 'bench');
  const l = Uint8Array.from({ length: images * size * size }, () => random.integer(256));
  const ab = Uint8Array.from({ length: l.length * 2 }, () => 98 + random.integer(60));
  return { l, ab, images, size };
}
