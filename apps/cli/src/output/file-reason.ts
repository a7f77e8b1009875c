/** Why a file or folder cannot be used, in words that go on from "… cannot be read: ". */
export function fileReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code !== undefined && reasons[code]) || message;
}

/** Those of connections never come here as they are: `fetch` hides them. */
export const isOfFileSystem = (error: unknown) => (error as NodeJS.ErrnoException).errno !== undefined;

const reasons: Partial<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'a file lies in its place',
  EACCES: 'this user has no right to',
  EPERM: 'this user has no right to',
  EROFS: 'its disk is read-only',
  ENOSPC: 'its disk is full',
  EDQUOT: 'the quota of this user is used up',
};
