import { existsSync } from 'node:fs';
import { access, mkdir, open, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { copyQuickly, linkOrCopy, writeAtomically } from './atomic-file.js';
import { explainFileError } from './file-errors.js';
import { assertKey, assertPrefix } from './object-key.js';
import type { ObjectStore, StoredObject } from './object-store.js';
import { ObjectNotFound } from './object-store.errors.js';
import { ownedName, removeAbandoned } from './owned-name.js';

/** Files on their way in. Its name begins with a dot, which no key may. */
const incomingFolder = '.incoming';

/** Opens a folder as object store, makes it where it is missing, and removes what dead processes left half-written. */
export async function openFolderStore(folder: string): Promise<ObjectStore> {
  const store = new FolderStore(folder);
  await store.prepare();
  return store;
}

class FolderStore implements ObjectStore {
  private readonly incoming: string;

  constructor(private readonly folder: string) {
    this.incoming = path.join(folder, incomingFolder);
  }

  async prepare(): Promise<void> {
    await this.explained(() => makeWithParents(this.incoming));
    await this.explained(() => removeAbandoned(this.incoming));
    await this.check();
  }

  async put(key: string, source: Uint8Array | { path: string }): Promise<void> {
    const target = this.pathOf(key);
    if (!(source instanceof Uint8Array)) await access(source.path); // its trouble is not the store's
    await this.explained(() =>
      writeAtomically(target, this.temporary(), (temporary) =>
        source instanceof Uint8Array ? writeFile(temporary, source) : linkOrCopy(source.path, temporary),
      ),
    );
  }

  async get(key: string): Promise<Uint8Array> {
    return this.explained(() => readFile(this.pathOf(key)), key);
  }

  async getRange(key: string, offset: number, length: number): Promise<Uint8Array> {
    const file = await this.openObject(key);
    try {
      const buffer = new Uint8Array(Math.max(0, Math.min(length, (await file.stat()).size - offset)));
      const { bytesRead } = await this.explained(() => file.read(buffer, 0, buffer.length, offset), key);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  async stream(key: string): Promise<Readable> {
    return (await this.openObject(key)).createReadStream();
  }

  async download(key: string, target: string): Promise<void> {
    const source = this.pathOf(key);
    await this.size(key);
    await mkdir(path.dirname(target), { recursive: true });
    await writeAtomically(target, `${target}.${ownedName()}.part`, (temporary) =>
      copyQuickly(source, temporary),
    );
  }

  async exists(key: string): Promise<boolean> {
    try {
      await this.size(key);
      return true;
    } catch (error) {
      if (error instanceof ObjectNotFound) return false;
      throw error;
    }
  }

  async size(key: string): Promise<number> {
    const found = await this.explained(() => stat(this.pathOf(key)), key);
    if (!found.isFile()) throw new ObjectNotFound(key, this.describe());
    return found.size;
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    assertPrefix(prefix);
    const slash = prefix.lastIndexOf('/') + 1;
    yield* this.walk(prefix.slice(0, slash), prefix);
  }

  async remove(key: string): Promise<void> {
    const file = this.pathOf(key);
    await this.explained(() => rm(file, { force: true }));
    await removeEmptyParents(file, this.folder);
  }

  describe(): string {
    return `folder ${this.folder}`;
  }

  async check(): Promise<void> {
    const probe = this.temporary();
    await this.explained(async () => {
      try {
        await writeFile(probe, 'probe');
      } finally {
        await rm(probe, { force: true });
      }
    });
  }

  /** Objects below a folder, in the order of their keys: a folder sorts as if its slash were part of its name. */
  private async *walk(folder: string, prefix: string): AsyncGenerator<StoredObject> {
    const entries = await readdir(path.join(this.folder, folder), { withFileTypes: true }).catch(none);
    const names = entries
      .filter((entry) => !entry.name.startsWith('.'))
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .filter((name) => `${folder}${name}`.startsWith(prefix) || prefix.startsWith(`${folder}${name}`))
      .sort((a, b) => (a < b ? -1 : 1));
    for (const name of names) {
      const key = folder + name;
      if (name.endsWith('/')) yield* this.walk(key, prefix);
      else {
        const bytes = await stat(path.join(this.folder, key)).then(
          (found) => found.size,
          () => null,
        );
        if (bytes !== null) yield { key, bytes }; // else it was removed meanwhile
      }
    }
  }

  private async openObject(key: string) {
    await this.size(key); // a folder can be opened too, but is no object
    return this.explained(() => open(this.pathOf(key), 'r'), key);
  }

  private pathOf(key: string): string {
    assertKey(key);
    return path.join(this.folder, key);
  }

  private temporary = () => path.join(this.incoming, ownedName());

  private async explained<T>(work: () => Promise<T>, key?: string): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw explainFileError(error, this.describe(), key);
    }
  }
}

/** As mkdir's `recursive`, which never returns in Node 20 where a parent cannot hold folders (/proc). */
async function makeWithParents(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  await makeWithParents(path.dirname(folder));
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error; // another process made it meanwhile
  });
}

/** Keys have no folders: those that only held an object go with it, else each coloured photograph left one for ever. */
async function removeEmptyParents(file: string, root: string): Promise<void> {
  for (let folder = path.dirname(file); folder !== root; folder = path.dirname(folder)) {
    const isRemoved = await rmdir(folder).then(
      () => true,
      () => false, // something else lies in it, or another process has removed it
    );
    if (!isRemoved) return;
  }
}

function none(error: NodeJS.ErrnoException): never[] {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
  throw error;
}
