import { DomainError } from '@chromatune/contracts';
import { ObjectNotFound, ObjectStoreFull, ObjectStoreUnavailable } from './object-store.errors.js';

/** The code that the S3 server or the network gave, or an empty text. */
export const s3Code = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '');

const networkCodes = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_STREAM_PREMATURE_CLOSE',
];
const wrongKeyCodes = [
  'SignatureDoesNotMatch',
  'InvalidAccessKeyId',
  'AccessDenied',
  'Forbidden',
  'AllAccessDisabled',
];
const fullCodes = [
  'XMinioStorageFull',
  'XMinioAdminBucketQuotaExceeded',
  'QuotaExceeded',
  'InsufficientStorage',
  'EntityTooLarge',
];
const passingCodes = [
  ...networkCodes,
  'SlowDown',
  'InternalError',
  'ServiceUnavailable',
  'RequestTimeout',
  'XMinioServerNotInitialized',
  'NoSuchUpload', // another process finished or aborted a multi-part upload of the same object
];

/** Worth trying again soon. */
export const isPassing = (error: unknown): boolean =>
  passingCodes.includes(s3Code(error)) ||
  /Retryable HTTP status|socket hang up|aborted/.test(messageOf(error));

/** What a failed request means for the person who set up the store. */
export function explainS3Error(error: unknown, where: string, key?: string): unknown {
  if (error instanceof DomainError || isLocal(error)) return error;
  const code = s3Code(error);
  if (key !== undefined && (code === 'NoSuchKey' || code === 'NotFound'))
    return new ObjectNotFound(key, where);
  if (wrongKeyCodes.includes(code)) {
    return new ObjectStoreUnavailable(
      `The object store refuses its key or secret (${where}: ${code}).`,
      'Correct the key and secret in OBJECT_STORE_URL, or the rights of that key: it must list, read, write and remove.',
      error,
    );
  }
  if (fullCodes.includes(code)) {
    return new ObjectStoreFull(where, 'Free some space on the object store, or raise its quota.', error);
  }
  if (networkCodes.includes(code) || isPassing(error)) {
    return new ObjectStoreUnavailable(
      `The object store does not answer (${where}: ${messageOf(error) || code}).`,
      'Check that it runs and that OBJECT_STORE_URL names its host and port.',
      error,
    );
  }
  return new ObjectStoreUnavailable(
    `The object store failed (${where}): ${messageOf(error) || code}.`,
    "See the object store's own log.",
    error,
  );
}

/** Of the file that is sent or written here, not of the store. */
const isLocal = (error: unknown) =>
  ['ENOENT', 'ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EISDIR', 'ENOTDIR'].includes(s3Code(error));

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
