import { InvalidObjectKey } from './object-store.errors.js';

/** Well under S3's 1,024 bytes and any file system's 255 a name. */
const longestKey = 512;
const longestPart = 200;
const part = /^[A-Za-z0-9][A-Za-z0-9._=-]*$/;

/** Refuses what could leave the store's folder, clash with its own files, or work in one store only. */
export function assertKey(key: string): void {
  const isValid =
    key.length <= longestKey && key.split('/').every((name) => name.length <= longestPart && part.test(name));
  if (!isValid) throw new InvalidObjectKey(key);
}

/** A prefix is the beginning of a key: its last part may be unfinished or empty. */
export function assertPrefix(prefix: string): void {
  assertKey(`${prefix}x`);
}
