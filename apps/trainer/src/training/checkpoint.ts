import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DomainError, type SpooledEvent } from '@chromatune/contracts';
import { bytesOf, SafetensorsFile, safetensorsHeader, WeightsDigest } from '@chromatune/data';
import type { State } from '@chromatune/models';
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

export const untrained: Progress = { step: 0, epochsDone: 0, ...newEpoch };

/** Counts a step that has been done. */
export function countStep(
  at: Progress,
  { images, gradientNorm, seconds }: { images: number; gradientNorm: number; seconds: number },
): void {
  at.step += 1;
  at.stepInEpoch += 1;
  at.epochImages += images;
  at.epochGradientNorms += gradientNorm;
  at.epochSeconds += seconds;
}

type CheckpointEvent = Extract<SpooledEvent, { type: 'checkpoint' }>;

export interface CheckpointOptions {
  folder: string;
  state: State;
  at: Progress;
  /** Epochs done, with the fraction of the one that has begun. */
  epoch: number;
  kind: CheckpointEvent['checkpoint']['kind'];
  abRmse: number | null;
}

/** Writes a checkpoint file that is there as a whole or not at all, also after a power cut. It is never whole in memory. */
export async function writeCheckpoint(options: CheckpointOptions): Promise<Omit<CheckpointEvent, 'seq'>> {
  const { folder, state, at, epoch, kind, abRmse } = options;
  const file = join(folder, `step-${at.step}.safetensors`);
  const digest = createHash('sha256');
  const weights = new WeightsDigest();
  let bytes = 0;
  await writeWhole(file, async (handle) => {
    const write = async (part: Uint8Array) => {
      digest.update(part);
      bytes += part.length;
      await handle.writeFile(part);
    };
    await write(safetensorsHeader(state.tensors, { format: 'chromatune-1', progress: JSON.stringify(at) }));
    for (const tensor of state.tensors) {
      const data = state.read(tensor.name);
      weights.add(tensor, data);
      await write(bytesOf(data));
    }
  });
  return {
    type: 'checkpoint',
    checkpoint: {
      step: at.step,
      epoch,
      kind,
      bytes,
      sha256: digest.digest('hex'),
      weightsSha256: weights.hex(),
      abRmse,
      at: new Date().toISOString(),
    },
    file,
  };
}

/** Opens a checkpoint while `use` reads of it. @throws DomainError when the file is not a checkpoint of this program */
export function withCheckpoint<T>(path: string, use: (state: State, at: Progress) => T): T {
  const file = SafetensorsFile.open(path);
  try {
    const { format, progress: text } = file.metadata;
    const parsed = progress.safeParse(JSON.parse(text ?? 'null'));
    if (format === 'chromatune-1' && parsed.success) return use(file, parsed.data);
  } finally {
    file.close();
  }
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
export async function writeWhole(
  file: string,
  content: Uint8Array | ((handle: FileHandle) => Promise<void>),
): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.partial`;
  const handle = await open(partial, 'w');
  try {
    if (content instanceof Uint8Array) await handle.writeFile(content);
    else await content(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(partial, file);
  const folder = await open(dirname(file), 'r');
  await folder.sync().finally(() => folder.close());
}
