import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DomainError } from '@chromatune/contracts';
import { ObjectNotFound, type ObjectStore } from '@chromatune/storage';
import type { StoredFile } from './data-files.js';
import { Gate } from './gate.js';

/** A use of files that nobody refreshed for this long is of a trainer that will not come back. */
const abandonedUseMs = 24 * 3600 * 1000;
/** A download into which nothing was written for this long is of a trainer that was killed. */
const abandonedDownloadMs = 3600 * 1000;
/** Requests of one attempt whose files stay in use: the one being read, the next, and those of a second reader. */
const requestsKept = 4;
const downloadsAtOnce = 4;

export interface ShardCacheOptions {
  folder: string;
  limitBytes: number;
  store: Pick<ObjectStore, 'download'>;
  onEvent?: (event: 'hit' | 'miss' | 'corrupt' | 'evicted', bytes: number) => void;
}

/**
 * Verified local copies of dataset files and weights, named by their SHA-256 and shared by all trainers of a machine without locks:
 * files arrive by rename, and are in use while a hard link to them lies in a folder under `uses/`, which every process
 * can see in the file's link count. The least recently used files beyond the limit go, never one in use.
 */
export class ShardCache {
  private readonly fetching = new Map<string, Promise<void>>();
  private readonly gate = new Gate(downloadsAtOnce);

  constructor(private readonly options: ShardCacheOptions) {}

  /** `user` is unique to the attempt, for example `<trainer>.<run>.<attempt>`. */
  openUse(user: string): CacheUse {
    return new CacheUse(this, join(this.options.folder, 'uses', user));
  }

  /** Ends the uses of a trainer that was killed, and removes what nobody downloads any more. */
  async endUsesOf(trainerId: string): Promise<void> {
    await this.removeAbandonedDownloads();
    for (const use of await entries(join(this.options.folder, 'uses'))) {
      if (use.startsWith(`${trainerId}.`)) await remove(join(this.options.folder, 'uses', use));
    }
  }

  /**
   * Fetches a file unless it is there. What arrives is compared with its digest, fetched once more when it differs.
   * @throws DomainError `missing_file`, and `corrupt_file` when it differs twice; the store's other errors
   */
  async fetch(file: StoredFile): Promise<string> {
    const path = this.pathOf(file);
    const kept = await stat(path).catch(() => null);
    if (kept?.size === file.bytes) {
      this.options.onEvent?.('hit', file.bytes);
      return path;
    }
    let fetching = this.fetching.get(file.sha256);
    if (fetching === undefined) {
      fetching = this.gate.pass(() => this.download(file)).finally(() => this.fetching.delete(file.sha256));
      this.fetching.set(file.sha256, fetching);
    }
    await fetching;
    return path;
  }

  /**
   * Fetches ahead, one file after the other, as long as they fill no more than half of the cache. What cannot be fetched
   * now is left to whoever needs it, who hears why.
   */
  async prefetch(files: StoredFile[], signal: AbortSignal): Promise<void> {
    let bytes = 0;
    for (const file of files) {
      bytes += file.bytes;
      if (signal.aborted || bytes > this.options.limitBytes / 2) return;
      await this.fetch(file).catch(() => undefined);
    }
  }

  /** Links the file into a use's folder, fetching it again should it have been evicted in between. */
  async linkInto(folder: string, file: StoredFile): Promise<string> {
    const own = join(folder, file.sha256);
    for (let attempt = 1; ; attempt++) {
      const path = await this.fetch(file);
      try {
        await link(path, own).catch(unless('EEXIST'));
        const now = new Date();
        await utimes(own, now, now); // the same inode as the cached file: this is what "recently used" means
        return own;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 3) throw error;
      }
    }
  }

  private async download(file: StoredFile): Promise<void> {
    this.options.onEvent?.('miss', file.bytes);
    const path = this.pathOf(file);
    const incoming = join(this.incoming, `${file.sha256}.${randomBytes(4).toString('hex')}`);
    await mkdir(dirname(incoming), { recursive: true });
    await mkdir(dirname(path), { recursive: true });
    await this.makeRoom(file.bytes);
    try {
      for (let attempt = 1; ; attempt++) {
        await this.options.store.download(file.key, incoming).catch((error: unknown) => {
          throw error instanceof ObjectNotFound ? missingFile(file) : error;
        });
        if ((await digestOf(incoming)) === file.sha256) break;
        this.options.onEvent?.('corrupt', file.bytes);
        if (attempt === 2) throw corruptFile(file);
      }
      await synced(incoming);
      await rename(incoming, path);
    } finally {
      await rm(incoming, { force: true });
    }
  }

  private pathOf({ sha256 }: StoredFile) {
    return join(this.options.folder, 'files', sha256.slice(0, 2), sha256);
  }

  private get incoming() {
    return join(this.options.folder, 'incoming');
  }

  private async makeRoom(bytes: number): Promise<void> {
    await this.removeAbandonedDownloads();
    const files = await this.files();
    const all = [...files, ...(await filesIn(this.incoming))];
    let excess = all.reduce((sum, file) => sum + file.bytes, bytes) - this.options.limitBytes;
    if (excess <= 0) return;
    await this.endAbandonedUses();
    for (const file of files.sort((a, b) => a.usedAt - b.usedAt)) {
      if (excess <= 0) return;
      const now = await stat(file.path).catch(() => null);
      if (now === null || now.nlink > 1) continue;
      await rm(file.path, { force: true });
      this.options.onEvent?.('evicted', file.bytes);
      excess -= file.bytes;
    }
  }

  private async endAbandonedUses(): Promise<void> {
    for (const use of await entries(join(this.options.folder, 'uses'))) {
      const path = join(this.options.folder, 'uses', use);
      const touched = await stat(path).catch(() => null);
      if (touched !== null && Date.now() - touched.mtimeMs > abandonedUseMs) await remove(path);
    }
  }

  private async removeAbandonedDownloads(): Promise<void> {
    for (const { path, usedAt } of await filesIn(this.incoming)) {
      if (Date.now() - usedAt > abandonedDownloadMs) await rm(path, { force: true });
    }
  }

  /** Everything kept, whichever process fetched it. */
  async files(): Promise<CachedFile[]> {
    const root = join(this.options.folder, 'files');
    const found: CachedFile[] = [];
    for (const shelf of await entries(root)) found.push(...(await filesIn(join(root, shelf))));
    return found;
  }
}

interface CachedFile {
  path: string;
  bytes: number;
  /** When it was last used or written to, in milliseconds. */
  usedAt: number;
}

async function filesIn(folder: string): Promise<CachedFile[]> {
  const found: CachedFile[] = [];
  for (const name of await entries(folder)) {
    const path = join(folder, name);
    const about = await stat(path).catch(() => null);
    if (about !== null) found.push({ path, bytes: about.size, usedAt: about.mtimeMs });
  }
  return found;
}

/** The files that one attempt reads at present. */
export class CacheUse {
  private requests: StoredFile[][] = [];

  constructor(
    private readonly cache: ShardCache,
    private readonly folder: string,
  ) {}

  /** Paths of verified copies, by file name. They stay while they belong to one of the newest few requests. */
  async files(wanted: StoredFile[]): Promise<Record<string, string>> {
    await mkdir(this.folder, { recursive: true });
    this.requests = [...this.requests, wanted].slice(-requestsKept);
    const paths = await Promise.all(
      wanted.map(async (file) => [file.name, await this.cache.linkInto(this.folder, file)] as const),
    );
    await this.dropUnused();
    return Object.fromEntries(paths);
  }

  end(): Promise<void> {
    return remove(this.folder);
  }

  private async dropUnused(): Promise<void> {
    const used = new Set(this.requests.flat().map(({ sha256 }) => sha256));
    for (const name of await entries(this.folder)) {
      if (!used.has(name)) await rm(join(this.folder, name), { force: true });
    }
    const now = new Date();
    await utimes(this.folder, now, now).catch(() => undefined);
  }
}

/** SHA-256 of a file, read in pieces. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function synced(path: string): Promise<void> {
  const file = await open(path, 'r');
  await file.sync().finally(() => file.close());
}

const entries = (folder: string) => readdir(folder).catch(() => [] as string[]);
const remove = (folder: string) => rm(folder, { recursive: true, force: true });
const unless = (code: string) => (error: NodeJS.ErrnoException) => {
  if (error.code !== code) throw error;
};

const corruptFile = (file: StoredFile) =>
  new DomainError(
    'corrupt_file',
    500,
    `${file.name} arrived twice from the object store with other bytes than its digest ${file.sha256.slice(0, 12)}… says.`,
    { remedy: file.remedy },
  );

const missingFile = (file: StoredFile) =>
  new DomainError('missing_file', 404, `${file.name} is gone from the object store.`, {
    remedy: file.remedy,
  });
