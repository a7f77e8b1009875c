import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidObjectKey, type ObjectStore, ObjectNotFound } from './index.js';

/** What every object store promises. `open` gives one whose objects nobody else touches. */
export function objectStoreContract(name: string, open: () => Promise<ObjectStore>): void {
  describe(`an object store in ${name}`, () => {
    let store: ObjectStore;
    let folder: string;
    beforeAll(async () => {
      store = await open();
      folder = await mkdtemp(path.join(os.tmpdir(), 'object-store-contract-'));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    it('gives back the bytes it was given', async () => {
      const bytes = randomBytes(100_000);

      await store.put('bytes/some', bytes);

      expect(sha256(await store.get('bytes/some'))).toBe(sha256(bytes));
      expect(await store.size('bytes/some')).toBe(100_000);
    });

    it('keeps the part of a larger buffer that it was given', async () => {
      await store.put('bytes/part', Buffer.from('abcdef').subarray(2, 4));

      expect(text(await store.get('bytes/part'))).toBe('cd');
    });

    it('keeps an empty object', async () => {
      await store.put('bytes/none', new Uint8Array(0));

      expect(await store.exists('bytes/none')).toBe(true);
      expect(await store.get('bytes/none')).toHaveLength(0);
    });

    it('stores a file of 70 MB and downloads it again', { timeout: 120_000 }, async () => {
      const bytes = randomBytes(70_000_000);
      const source = path.join(folder, 'source');
      const target = path.join(folder, 'new', 'folder', 'target');
      await writeFile(source, bytes);

      await store.put('large/file', { path: source });
      await store.download('large/file', target);

      expect(sha256(await readFile(target))).toBe(sha256(bytes));
      expect(await readdir(path.dirname(target))).toEqual(['target']);
      expect(text(await store.getRange('large/file', 42_000_000, 8))).toBe(
        text(bytes.subarray(42_000_000, 42_000_008)),
      );
    });

    it('keeps a file that is stored again and elsewhere, and then removed', async () => {
      const source = path.join(folder, 'again');
      await writeFile(source, 'kept');

      for (const key of ['again/one', 'again/one', 'again/two']) await store.put(key, { path: source });
      await rm(source);

      expect(text(await store.get('again/one'))).toBe('kept');
      await store.remove('again/one');
      expect(text(await store.get('again/two'))).toBe('kept');
    });

    it("keeps Node's own error when the file to be stored is not there", async () => {
      const missing = store.put('nowhere', { path: path.join(folder, 'nowhere') });

      await expect(missing).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await store.exists('nowhere')).toBe(false);
    });

    it('reads ranges, and what there is of those that pass the end', async () => {
      await store.put('bytes/range', Buffer.from('0123456789'));

      expect(text(await store.getRange('bytes/range', 3, 4))).toBe('3456');
      expect(text(await store.getRange('bytes/range', 8, 100))).toBe('89');
      expect(await store.getRange('bytes/range', 10, 5)).toHaveLength(0);
      expect(await store.getRange('bytes/range', 0, 0)).toHaveLength(0);
    });

    it('streams', async () => {
      const bytes = randomBytes(300_000);
      await store.put('bytes/stream', bytes);

      expect(sha256(await buffer(await store.stream('bytes/stream')))).toBe(sha256(bytes));
    });

    it('replaces an object at once: readers see the old bytes or the new', { timeout: 60_000 }, async () => {
      const old = Buffer.alloc(3_000_000, 'o');
      const fresh = Buffer.alloc(2_000_000, 'n');
      await store.put('replaced', old);
      let isWriting = true;
      const writing = (async () => {
        for (let round = 0; round < 10; round++) await store.put('replaced', round % 2 ? old : fresh);
        isWriting = false;
      })();

      const seen = new Set<string>();
      while (isWriting) seen.add(sha256(await store.get('replaced')));
      await writing;

      expect([sha256(old), sha256(fresh)]).toEqual(expect.arrayContaining([...seen]));
    });

    it('lists by prefix, in order, however many there are', { timeout: 120_000 }, async () => {
      const keys = Array.from({ length: 1200 }, (_, index) => `many/of-${String(index).padStart(4, '0')}/x`);
      for (let from = 0; from < keys.length; from += 50) {
        await Promise.all(keys.slice(from, from + 50).map((key) => store.put(key, Buffer.from(key))));
      }
      await store.put('many-others/x', Buffer.from('x'));

      const listed = await collect(store.list('many/'));
      expect(listed.map(({ key }) => key)).toEqual(keys);
      expect(listed[7]).toEqual({ key: 'many/of-0007/x', bytes: 14 });
      expect(await collect(store.list('many/of-000'))).toHaveLength(10);
      expect(await collect(store.list('many/of-0003/x'))).toHaveLength(1);
      expect(await collect(store.list('none/'))).toEqual([]);
    });

    it('says which object is missing, whatever was asked of it', async () => {
      const target = path.join(folder, 'missing');
      const requests = [
        () => store.get('missing/one'),
        () => store.getRange('missing/one', 0, 1),
        () => store.stream('missing/one'),
        () => store.size('missing/one'),
        () => store.download('missing/one', target),
      ];

      for (const request of requests) {
        await expect(request()).rejects.toThrow(ObjectNotFound);
        await expect(request()).rejects.toThrow('missing/one');
      }
      expect(await store.exists('missing/one')).toBe(false);
      expect(await readdir(folder)).not.toContain('missing');
    });

    it('takes the beginning of a key for no object', async () => {
      await store.put('deep/down/object', Buffer.from('x'));

      await expect(store.get('deep/down')).rejects.toThrow(ObjectNotFound);
      expect(await store.exists('deep/down')).toBe(false);
    });

    it('removes, also what is not there', async () => {
      await store.put('removed/one', Buffer.from('x'));

      await store.remove('removed/one');
      await store.remove('removed/one');

      expect(await store.exists('removed/one')).toBe(false);
      expect(await collect(store.list('removed/'))).toEqual([]);
    });

    it.each([
      '',
      '/a',
      'a/',
      'a//b',
      '../a',
      'a/../b',
      'a/./b',
      '.a',
      'a\\b',
      'a b',
      'ä',
      'a'.repeat(201),
      'ab/'.repeat(180) + 'a',
    ])('refuses the key "%s"', async (key) => {
      await expect(store.put(key, Buffer.from('x'))).rejects.toThrow(InvalidObjectKey);
      await expect(store.get(key)).rejects.toThrow(InvalidObjectKey);
      await expect(store.remove(key)).rejects.toThrow(InvalidObjectKey);
    });

    it('proves on demand that it works, to several at once', async () => {
      const checks = await Promise.all(Array.from({ length: 8 }, () => store.check()));
      expect(checks).toEqual(checks.map(() => undefined));
      expect(await collect(store.list('checks/'))).toEqual([]);
    });
  });
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
