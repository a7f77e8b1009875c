import { DomainError } from '@chromatune/contracts';

/** An npy file that cannot be read. The message begins with the file's name. */
export class NpyError extends DomainError {
  constructor(file: string, what: string, more: { remedy?: string; cause?: unknown } = {}) {
    super('unreadable_npy', 422, `${file}: ${what}.`, {
      remedy: 'Check that the file was copied whole and was written by numpy.save.',
      ...more,
    });
  }
}

/** An array of something else than numbers: text, records, Python objects. */
export class NotNumbers extends NpyError {}
