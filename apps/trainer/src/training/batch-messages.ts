import type { trainBatches } from '@chromatune/data';
import { DomainError } from '@chromatune/contracts';
import type { Batch } from '@chromatune/models';

/** What the batches of one epoch depend on, beside the files. */
export type EpochOptions = Omit<Parameters<typeof trainBatches>[0], 'files'>;

/** To the thread that makes batches. */
export type ToBatchThread =
  | { type: 'epoch'; options: EpochOptions }
  /** One batch was used: another one may be made. */
  | { type: 'used' }
  /** The epoch is over for whoever used its batches. */
  | { type: 'stop' }
  | { type: 'files'; request: number; paths: Record<string, string> };

/** From it. */
export type FromBatchThread =
  | { type: 'batch'; batch: Batch }
  | { type: 'end' }
  | { type: 'failed'; error: PlainError }
  | { type: 'needFiles'; request: number; names: string[] };

/** Batches that lie ready while a step is computed. */
export const batchesAhead = 3;

/** An error as it crosses to another thread, where classes are lost. */
interface PlainError {
  message: string;
  code?: string;
  domain?: { status: number; remedy?: string };
}

export function toPlainError(error: unknown): PlainError {
  const { message, code } = error as NodeJS.ErrnoException;
  const plain: PlainError = { message: message ?? String(error), ...(code ? { code } : {}) };
  if (!(error instanceof DomainError)) return plain;
  const { status, remedy } = error;
  return { ...plain, domain: { status, ...(remedy ? { remedy } : {}) } };
}

export function fromPlainError({ message, code, domain }: PlainError): Error {
  if (domain) return new DomainError(code!, domain.status, message, domain);
  return Object.assign(new Error(message), code ? { code } : {});
}
