import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { datasetFileKey } from '@chromatune/contracts';
import { ObjectNotFound } from '@chromatune/storage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storedDatasetFile, type StoredFile, storedWeights } from './data-files.js';
import { ShardCache } from './shard-cache.js';

let folder: string;
let store: FakeStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-cache-'));
  store = new FakeStore();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the shard cache', () => {
  it('fetches a file once and gives its verified copy to all who ask', async () => {
    const file = store.add('a');
    const cache = makeCache();

    const [one, two] = await Promise.all([
      cache.openUse('t.r.1').files([file]),
      cache.openUse('t.r.2').files([file]),
    ]);
    await makeCache().openUse('other-trainer.r.1').files([file]);

    expect(await readFile(one['a.npy']!, 'utf8')).toBe('content of a');
    expect(await readFile(two['a.npy']!, 'utf8')).toBe('content of a');
    expect(store.downloads).toEqual(['a']);
  });

  it('refuses a file that arrived with other bytes and fetches it again', async () => {
    const file = store.add('a');
    store.corruptNext = 1;

    const paths = await makeCache().openUse('t.r.1').files([file]);

    expect(await readFile(paths['a.npy']!, 'utf8')).toBe('content of a');
    expect(store.downloads).toEqual(['a', 'a']);
  });

  it('gives up on a file that arrives damaged twice, names it, and keeps nothing of it', async () => {
    const file = store.add('a');
    store.corruptNext = 2;
    const cache = makeCache();

    await expect(cache.openUse('t.r.1').files([file])).rejects.toMatchObject({ code: 'corrupt_file' });

    expect(await cache.files()).toEqual([]);
    expect(await readdir(join(folder, 'incoming'))).toEqual([]);
    await cache.openUse('t.r.1').files([file]); // the store is sound again
  });

  it('says what to import again when a file is gone', async () => {
    const use = makeCache().openUse('t.r.1');
    const file = storedDatasetFile({ name: 'gone.npy', bytes: 1, sha256: '0'.repeat(64) });

    await expect(use.files([file])).rejects.toMatchObject({
      code: 'missing_file',
      remedy: expect.stringContaining('Import the dataset again') as string,
    });
    const weights = storedWeights('gone.safetensors', { digest: '1'.repeat(64), bytes: 1 });
    await expect(use.files([weights])).rejects.toMatchObject({
      code: 'missing_file',
      remedy: expect.stringContaining('npx chromatune weights import FILE') as string,
    });
  });

  it('fetches a file again whose copy was cut short on disk', async () => {
    const file = store.add('a');
    const cache = makeCache();
    await cache.fetch(file).then((path) => writeFile(path, 'con'));

    const path = await cache.fetch(file);

    expect(await readFile(path, 'utf8')).toBe('content of a');
  });

  it('removes the least recently used files beyond its limit', async () => {
    const [a, b, c] = [store.add('a'), store.add('b'), store.add('c')];
    const cache = makeCache(2 * a.bytes);
    await age(await cache.fetch(a), 3);
    await age(await cache.fetch(b), 2);
    await cache.openUse('t.r.1').files([a]); // now b is the oldest
    await cache.openUse('t.r.1').end();

    await cache.fetch(c);

    expect((await kept(cache)).sort()).toEqual([a.sha256, c.sha256].sort());
  });

  it('never removes a file in use, in whichever process, even beyond its limit', async () => {
    const [a, b, c] = [store.add('a'), store.add('b'), store.add('c')];
    const use = makeCache().openUse('other-trainer.r.1');
    const paths = await use.files([a, b]);
    const cache = makeCache(a.bytes);

    await cache.fetch(c);
    expect(await readFile(paths['a.npy']!, 'utf8')).toBe('content of a');
    expect(await kept(cache)).toHaveLength(3);

    await use.end();
    await cache.fetch(store.add('d'));
    expect(await kept(cache)).toHaveLength(1);
  });

  it('lets go of files that belong to no recent request of an attempt', async () => {
    const files = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => store.add(name));
    const cache = makeCache(2 * files[0]!.bytes);
    const use = cache.openUse('t.r.1');

    for (const file of files) await use.files([file]);

    expect((await kept(cache)).length).toBeLessThan(6);
    expect(await readdir(join(folder, 'uses', 't.r.1'))).toHaveLength(4);
  });

  it('fetches ahead in the given order, up to half of its limit, past what cannot be had', async () => {
    const files = ['a', 'b', 'c', 'd'].map((name) => store.add(name));
    store.corruptNext = 2; // a arrives damaged, twice

    await makeCache(6 * files[0]!.bytes).prefetch(files, new AbortController().signal);

    expect(store.downloads).toEqual(['a', 'a', 'b', 'c']);
  });

  it('ends the uses of a trainer that was killed, and of no other', async () => {
    const file = store.add('a');
    const cache = makeCache();
    await cache.openUse('mine.r.1').files([file]);
    await cache.openUse('other.r.1').files([file]);

    await cache.endUsesOf('mine');

    expect(await readdir(join(folder, 'uses'))).toEqual(['other.r.1']);
  });

  it('counts what others download, and removes it when they were killed', async () => {
    const [a, b, c] = [store.add('a'), store.add('b'), store.add('c')];
    const cache = makeCache(3 * a.bytes);
    await age(await cache.fetch(a), 2);
    const download = join(folder, 'incoming', 'of-another-trainer');
    await writeFile(download, 'x'.repeat(2 * a.bytes));

    await cache.fetch(b);
    expect(await kept(cache)).toEqual([b.sha256]);

    await age(download, 2);
    await cache.fetch(c);
    expect((await kept(cache)).sort()).toEqual([b.sha256, c.sha256].sort());
    expect(await readdir(join(folder, 'incoming'))).toEqual([]);
  });
});

class FakeStore {
  readonly downloads: string[] = [];
  corruptNext = 0;
  private readonly objects = new Map<string, { name: string; content: string }>();

  add(name: string): StoredFile {
    const content = `content of ${name}`;
    const sha256 = createHash('sha256').update(content).digest('hex');
    this.objects.set(datasetFileKey({ sha256 }), { name, content });
    return storedDatasetFile({ name: `${name}.npy`, bytes: content.length, sha256 });
  }

  async download(key: string, path: string): Promise<void> {
    const object = this.objects.get(key);
    if (!object) throw new ObjectNotFound(key, 'the spec');
    const { name, content } = object;
    this.downloads.push(name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, this.corruptNext > 0 ? content.replace('content', 'cöntent') : content);
    this.corruptNext -= 1;
  }
}

const makeCache = (limitBytes = 1_000_000) => new ShardCache({ folder, limitBytes, store });
const kept = async (cache: ShardCache) => (await cache.files()).map(({ path }) => path.split('/').at(-1)!);

async function age(path: string, hours: number) {
  const at = new Date(Date.now() - hours * 3_600_000);
  await utimes(path, at, at);
}
