import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DomainError, type SpooledEvent } from '@chromatune/contracts';
import { decodeSafetensors, encodeSafetensors, weightsSha256 } from '@chromatune/data';
import type { StateTensor } from '@chromatune/models';
import { z } from 'zod';

/** Where a training stands between two steps: with the step's state, all that going on bit for bit needs. */
export const progress = z.object({
  /** Optimizer steps done. */
  step: z.number().int().min(0),
  /** Whole epochs done, their validation included. */
  epochsDone: z.number().int().min(0),
  stepInEpoch: z.number().int().min(0),
  /** Of the epoch that has begun, for its images per second. */
  epochImages: z.number().int().min(0),
  epochSeconds: z.number().min(0),
  /** Sum over the steps of the epoch that has begun. */
  epochGradientNorms: z.number().min(0).default(0),
  /** Of `epochSeconds`, those in which the step waited for its batch. */
  epochWaitSeconds: z.number().min(0).default(0),
  best: z.object({ abRmse: z.number(), epoch: z.number().int(), step: z.number().int() }).nullable(),
});
export type Progress = z.infer<typeof progress>;

/** What counts anew in each epoch. */
export const newEpoch = {
  stepInEpoch: 0,
  epochImages: 0,
  epochSeconds: 0,
  epochGradientNorms: 0,
  epochWaitSeconds: 0,
} as const satisfies Partial<Progress>;

export const untrained: Progress = { step: 0, epochsDone: 0, ...newEpoch, best: null };

type CheckpointEvent = Extract<SpooledEvent, { type: 'checkpoint' }>;

export interface CheckpointOptions {
  folder: string;
  state: StateTensor[];
  at: Progress;
  /** Epochs done, with the fraction of the one that has begun. */
  epoch: number;
  kind: CheckpointEvent['checkpoint']['kind'];
  abRmse: number | null;
}

/** Writes a checkpoint file that is there as a whole or not at all, also after a power cut. */
export async function writeCheckpoint(options: CheckpointOptions): Promise<Omit<CheckpointEvent, 'seq'>> {
  const { folder, state, at, epoch, kind, abRmse } = options;
  const bytes = encodeSafetensors(state, { format: 'chromatune-1', progress: JSON.stringify(at) });
  const file = join(folder, `step-${at.step}.safetensors`);
  await writeWhole(file, bytes);
  return {
    type: 'checkpoint',
    checkpoint: {
      step: at.step,
      epoch,
      kind,
      bytes: bytes.byteLength,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      weightsSha256: weightsSha256(state),
      abRmse,
      at: new Date().toISOString(),
    },
    file,
  };
}

/** @throws DomainError when the file is not a checkpoint of this program */
export async function readCheckpoint(path: string): Promise<{ state: StateTensor[]; at: Progress }> {
  const { tensors, metadata } = decodeSafetensors(await readBytes(path));
  const parsed = progress.safeParse(JSON.parse(metadata['progress'] ?? 'null'));
  if (metadata['format'] === 'chromatune-1' && parsed.success) return { state: tensors, at: parsed.data };
  throw new DomainError('bad_checkpoint', 500, `${path} is not a checkpoint of this version of Chromatune.`, {
    remedy: 'Start the run anew, or train it with the version that began it.',
  });
}

/** As a plain byte array: `slice` of a Buffer would not copy. */
export async function readBytes(path: string): Promise<Uint8Array> {
  const { buffer, byteOffset, byteLength } = await readFile(path);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Writes beside the file, then renames: readers and the next start see the whole file or none. */
export async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.partial`;
  const handle = await open(partial, 'w');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(partial, file);
  const folder = await open(dirname(file), 'r');
  await folder.sync().finally(() => folder.close());
}
