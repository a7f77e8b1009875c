import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openFolderStore } from './folder-store.js';
import type { ObjectStore } from './object-store.js';
import { ObjectStoreUnavailable } from './object-store.errors.js';
import { openS3Store, parseS3Url } from './s3-store.js';

/**
 * Opens the object store at `file:///folder` or `s3+http(s)://key:secret@host:port/bucket?region=…`, makes the folder
 * or bucket where it is missing, and proves that it can be written. Throws `ObjectStoreUnavailable` or `ObjectStoreFull`.
 */
export async function openObjectStore(url: string): Promise<ObjectStore> {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol === 'file:' && !parsed.hostname)
    return openFolderStore(path.resolve(fileURLToPath(parsed)));
  if (parsed?.protocol === 's3+http:' || parsed?.protocol === 's3+https:')
    return openS3Store(parseS3Url(parsed));
  throw new ObjectStoreUnavailable(
    'The object store URL cannot be used.', // without showing it: it may hold a secret
    'Write file:///folder, or s3+http://key:secret@host:9000/bucket.',
  );
}
