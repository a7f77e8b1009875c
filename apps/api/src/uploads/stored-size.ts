import { ObjectNotFound, type ObjectStore } from '@chromatune/storage';

/** Bytes of an object, null when the store has none of that key. */
export async function sizeOrNull(objects: ObjectStore, key: string): Promise<number | null> {
  try {
    return await objects.size(key);
  } catch (error) {
    if (error instanceof ObjectNotFound) return null;
    throw error;
  }
}
