export type { ObjectStore, StoredObject } from './object-store.js';
export {
  InvalidObjectKey,
  ObjectNotFound,
  ObjectStoreFull,
  ObjectStoreUnavailable,
} from './object-store.errors.js';
export { openObjectStore } from './open-object-store.js';
export { ownedName, removeAbandoned } from './owned-name.js';
