import os from 'node:os';
import { DomainError } from '@chromatune/contracts';
import { ObjectNotFound, ObjectStoreFull, ObjectStoreUnavailable } from './object-store.errors.js';

/** What a failed file operation in the store's folder means for the person who set it up. */
export function explainFileError(error: unknown, where: string, key?: string): unknown {
  if (error instanceof DomainError || !(error instanceof Error)) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (key !== undefined && ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(code))
    return new ObjectNotFound(key, where);
  if (['ENOSPC', 'EDQUOT'].includes(code)) {
    const remedy = 'Free some space on that disk, or move the data folder to a larger one.';
    return new ObjectStoreFull(where, remedy, error);
  }
  if (['EACCES', 'EPERM', 'EROFS'].includes(code)) {
    const what = `Objects cannot be written to or read from ${where}: ${error.message}.`;
    const remedy = `Give ${os.userInfo().username} the right to write there, or name another folder.`;
    return new ObjectStoreUnavailable(what, remedy, error);
  }
  if (!code) return error;
  return new ObjectStoreUnavailable(
    `The ${where} does not work as object store: ${error.message}.`,
    'Check the folder and its disk.',
    error,
  );
}
