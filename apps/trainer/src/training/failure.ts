import { DomainError, type Failure } from '@chromatune/contracts';
import {
  badDevice,
  codeBug,
  ioFailure,
  isBadDevice,
  isOutOfMemory,
  outOfMemory,
} from '../failure-classes.js';

/** Training cannot go on: what was measured at this step is no number, and no later step leads the weights back. */
export class NonFinite extends Error {
  constructor(
    what: string,
    value: number,
    readonly step: number,
  ) {
    super(`The ${what} was ${value} at step ${step}.`);
    this.name = 'NonFinite';
  }
}

/** What an error of the training means for people: its class, and what to do about it. */
export function toFailure(error: unknown, step: number): Failure {
  return { ...classOf(error), step: error instanceof NonFinite ? error.step : step };
}

function classOf(error: unknown): Omit<Failure, 'step'> {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof NonFinite) {
    return {
      class: 'nonFiniteLoss',
      message,
      remedy: 'Lower the learning rate: a tenth of it is a good next try. A larger batch size helps too.',
    };
  }
  if (isOutOfMemory(message)) return outOfMemory(message);
  if (isBadDevice(message)) return badDevice(message);
  if (isFileSystemError(error)) return ioFailure(message);
  if (error instanceof DomainError) {
    return {
      class: /corrupt|npy|shard|manifest|dataset|weights/.test(error.code) ? 'corruptShard' : 'codeBug',
      message: message.slice(0, 4000),
      remedy: error.remedy ?? 'Import the dataset again.',
    };
  }
  return codeBug(error instanceof Error ? (error.stack ?? message) : message);
}

const isFileSystemError = (error: unknown) =>
  ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EACCES', 'EPERM', 'EMFILE', 'ENOENT'].includes(
    (error as NodeJS.ErrnoException | null)?.code ?? '',
  );
