import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect, objectStoreContract } from './object-store.contract.js';
import { explainFileError } from './file-errors.js';
import { openObjectStore } from './index.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'folder-store-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const openFolder = (name: string) => openObjectStore(pathToFileURL(path.join(root, name)).href);

objectStoreContract('a folder', () => openFolder('contract'));

describe('a folder as object store', () => {
  it('lists in the order of keys, as an S3 server does', async () => {
    const store = await openFolder('order');
    for (const key of ['a/b', 'a-b', 'a.b', 'a0', 'a/a/a']) await store.put(key, Buffer.from('x'));

    const keys = (await collect(store.list(''))).map(({ key }) => key);

    expect(keys).toEqual(['a-b', 'a.b', 'a/a/a', 'a/b', 'a0']);
  });

  it('removes what a dead process left half-written, and nothing of a living one', async () => {
    const incoming = path.join(root, 'stale', '.incoming');
    await mkdir(incoming, { recursive: true });
    const { pid: dead } = spawnSync(process.execPath, ['-e', '']);
    const leftovers = [
      `${os.hostname()}_${dead}_aa`,
      `${os.hostname()}_${process.pid}_bb`,
      `elsewhere_${dead}_cc`,
    ];
    for (const name of leftovers) await writeFile(path.join(incoming, name), 'half');

    await openFolder('stale');

    expect((await readdir(incoming)).sort()).toEqual(leftovers.slice(1).sort());
  });

  it('gives a file one more name instead of a copy, and leaves nothing behind', async () => {
    const store = await openFolder('linked');
    const source = path.join(root, 'linked-source');
    await writeFile(source, 'x');

    for (let time = 0; time < 2; time++) await store.put('a/b', { path: source });

    expect((await stat(path.join(root, 'linked', 'a', 'b'))).ino).toBe((await stat(source)).ino);
    expect(await readdir(path.join(root, 'linked', '.incoming'))).toEqual([]);
  });

  it('leaves no empty folder behind, and none that is in use away', async () => {
    const store = await openFolder('emptied');
    for (const key of ['a/b/one', 'a/b/two', 'a/three']) await store.put(key, Buffer.from('x'));

    await store.remove('a/b/one');
    const inUse = await readdir(path.join(root, 'emptied', 'a'));
    await store.remove('a/b/two');
    await store.remove('a/b/two');
    const halfEmpty = await readdir(path.join(root, 'emptied', 'a'));
    await store.remove('a/three');

    expect(inUse.sort()).toEqual(['b', 'three']);
    expect(halfEmpty).toEqual(['three']);
    expect(await readdir(path.join(root, 'emptied'))).toEqual(['.incoming']);
  });

  it('stores what is put while another one empties the same folder', async () => {
    const store = await openFolder('contended');
    const [first, second] = await Promise.all(
      ['one', 'two'].map(async (name) => {
        for (let time = 0; time < 200; time++) {
          await store.put(`deep/er/${name}`, Buffer.from(String(time)));
          if (String(await store.get(`deep/er/${name}`).then(Buffer.from)) !== String(time)) return false;
          await store.remove(`deep/er/${name}`);
        }
        return true;
      }),
    );

    expect([first, second]).toEqual([true, true]);
    expect(await readdir(path.join(root, 'contended'))).toEqual(['.incoming']);
  });

  it('hides what is on its way in', async () => {
    const store = await openFolder('hidden');
    await writeFile(path.join(root, 'hidden', '.incoming', 'elsewhere_1_x'), 'half');

    expect(await collect(store.list(''))).toEqual([]);
  });

  it('says that the disk is full, and what to do', async () => {
    const full = await writeFile('/dev/full', 'x').catch((error: unknown) => error); // a real ENOSPC

    expect(explainFileError(full, 'folder /data')).toMatchObject({
      code: 'object_store_full',
      message: 'There is no space left in folder /data.',
      remedy: expect.stringContaining('Free some space'),
    });
  });

  it('says that it may not write', async () => {
    const folder = path.join(root, 'read-only');
    await mkdir(folder);
    await chmod(root, 0o755);
    await chmod(folder, 0o555);

    const opening = asOrdinaryUser(() => openFolder('read-only'));

    await expect(opening).rejects.toMatchObject({
      code: 'object_store_unavailable',
      message: expect.stringContaining('EACCES'),
      remedy: expect.stringContaining('the right to write there'),
    });
  });

  it('says when a file is in the place of the folder', async () => {
    await writeFile(path.join(root, 'a-file'), 'x');

    await expect(openFolder('a-file')).rejects.toMatchObject({ code: 'object_store_unavailable' });
  });
});

describe('an object store URL', () => {
  it.each([
    '',
    'http://host/bucket',
    'file://host/folder',
    'folder',
    's3+http://host/bucket',
    's3+http://k:s@host',
    's3+http://k:s@host/a/b',
  ])('"%s" is refused with the forms that work', async (url) => {
    await expect(openObjectStore(url)).rejects.toMatchObject({
      code: 'object_store_unavailable',
      remedy: expect.stringContaining('s3+http://key:secret@host:9000/bucket'),
    });
  });

  it('never appears in an error, because it holds a secret', async () => {
    const error = await openObjectStore('s3+http://me:hush@host').catch((reason: Error) => reason);

    expect(JSON.stringify(error) + String(error)).not.toContain('hush');
  });
});

/** Root may write everywhere: it acts as `nobody` meanwhile. */
async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
