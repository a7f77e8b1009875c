import { DomainError } from '@chromatune/contracts';

/** Runs `work`; when the disk is why it fails, the error says so, with `folder` and what to do. */
export async function withDiskErrors<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainDiskError(error, folder);
  }
}

/** Turns an error of the file system into one that a person can act on; others stay as they are. */
export function explainDiskError(error: unknown, folder: string): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new DomainError('disk_full', 507, `No space is left where ${folder} lies.`, {
      remedy: 'Free some space and start the import again: it goes on where it stopped.',
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new DomainError('folder_not_writable', 403, `Files cannot be written to ${folder} (${code}).`, {
      remedy: 'Choose a folder that this user may write to, or change its permissions.',
      cause: error,
    });
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new DomainError('folder_is_a_file', 409, `${folder} cannot be made: a file lies in its place.`, {
      remedy: 'Choose another folder, or move that file away.',
      cause: error,
    });
  }
  return error;
}
