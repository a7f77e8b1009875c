import type { Readable } from 'node:stream';

export interface StoredObject {
  key: string;
  bytes: number;
}

/**
 * Where datasets, samples and checkpoints lie: a folder, or a bucket of any S3 server. Both keep one contract
 * (object-store.contract.ts). An object appears whole or not at all, and replacing one shows the old or the new, never
 * a mixture. Digests of contents are kept by those who need them, in manifests and rows. Methods throw `ObjectNotFound`,
 * `ObjectStoreFull`, `ObjectStoreUnavailable` and `InvalidObjectKey`; trouble with a local file keeps Node's own error.
 */
export interface ObjectStore {
  /**
   * Stores bytes, or the file at `path`: it is streamed, or becomes the object, so that nobody may write into it from then on.
   * Removing it is fine.
   */
  put(key: string, source: Uint8Array | { path: string }): Promise<void>;
  get(key: string): Promise<Uint8Array>;
  /** At most `length` bytes from `offset`; fewer, or none, where the object ends before. */
  getRange(key: string, offset: number, length: number): Promise<Uint8Array>;
  stream(key: string): Promise<Readable>;
  /** Writes the object to a file, whose folders it makes. The file appears whole or not at all. */
  download(key: string, path: string): Promise<void>;
  exists(key: string): Promise<boolean>;
  /** Size in bytes. */
  size(key: string): Promise<number>;
  /** Objects whose key begins with `prefix`, by key. */
  list(prefix: string): AsyncIterable<StoredObject>;
  /** Removing what is not there is no error. */
  remove(key: string): Promise<void>;
  /** Where it is, for people; without secrets. */
  describe(): string;
  /** Proves that objects can be written and read now. */
  check(): Promise<void>;
}
