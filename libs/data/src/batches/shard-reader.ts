import { type DatasetFile, DomainError, type Shard } from '@chromatune/contracts';
import { openNpy, type NpyFile } from '../npy/npy-file.js';
import { type RowPlace } from './data-order.js';

/** Gives local, verified copies of dataset files: file name to path. */
export type FileProvider = (names: string[]) => Promise<Record<string, string>>;

/** A dataset file that is not what its manifest says. */
export class CorruptShard extends DomainError {
  constructor(file: string, what: string, cause?: unknown) {
    super('corrupt_shard', 422, `Dataset file ${file} is damaged: ${what}`, {
      remedy:
        'Remove it from the cache, so that it is fetched again; if that fails too, import the dataset again.',
      cause,
    });
  }
}

/** Reads rows of the shards of one split. Keeps open only the shards it was last told to use. */
export class ShardReader {
  private readonly open = new Map<number, { l: NpyFile; ab: NpyFile }>();

  constructor(
    private readonly shards: Shard[],
    private readonly size: number,
    private readonly files: FileProvider,
  ) {}

  /** Opens these shards and closes all others. */
  async use(indexes: number[]): Promise<void> {
    const unused = [...this.open.keys()].filter((index) => !indexes.includes(index));
    await Promise.all(unused.map((index) => this.closeShard(index)));
    const missing = indexes.filter((index) => !this.open.has(index));
    if (missing.length === 0) return;
    const paths = await this.files(missing.flatMap((index) => namesOf(this.shards[index]!)));
    for (const index of missing) await this.openShard(index, paths);
  }

  /**
   * Reads rows of shards in use: L (n, size, size) and ab (n, size, size, 2), in the order of `places`. The thread waits:
   * the files have been checked a short while ago, so they are in memory as a rule.
   */
  read(places: RowPlace[]): { l: Uint8Array; ab: Uint8Array } {
    const pixels = this.size * this.size;
    const l = new Uint8Array(places.length * pixels);
    const ab = new Uint8Array(places.length * pixels * 2);
    for (const { place, at, length } of runsOf(places)) {
      const files = this.open.get(place.shard)!;
      files.l.readBytesNow(l.subarray(at * pixels, (at + length) * pixels), place.row);
      files.ab.readBytesNow(ab.subarray(at * pixels * 2, (at + length) * pixels * 2), place.row);
    }
    return { l, ab };
  }

  async close(): Promise<void> {
    await Promise.all([...this.open.keys()].map((index) => this.closeShard(index)));
  }

  private async openShard(index: number, paths: Record<string, string>): Promise<void> {
    const shard = this.shards[index]!;
    const rows = [shard.images, this.size, this.size];
    const l = await openLab8(shard.l, paths, rows);
    const ab = await openLab8(shard.ab, paths, [...rows, 2]).catch(async (error) => {
      await l.close();
      throw error;
    });
    this.open.set(index, { l, ab });
  }

  private async closeShard(index: number): Promise<void> {
    const files = this.open.get(index)!;
    this.open.delete(index);
    await Promise.all([files.l.close(), files.ab.close()]);
  }
}

/** Opens a file of 8-bit Lab. @throws CorruptShard when it has not this shape */
export async function openLab8(
  file: DatasetFile,
  paths: Record<string, string>,
  shape: number[],
): Promise<NpyFile> {
  const path = paths[file.name];
  if (path === undefined) throw new Error(`The file provider gave no path for ${file.name}.`);
  const npy = await openNpy({ path, name: file.name }).catch((error: Error) => {
    throw new CorruptShard(file.name, error.message, error);
  });
  const { header } = npy;
  if (header.dtype !== 'u1' || header.fortranOrder || header.shape.join() !== shape.join()) {
    await npy.close();
    throw new CorruptShard(
      file.name,
      `it holds ${header.dtype} of shape (${header.shape.join(', ')}) instead of u1 of (${shape.join(', ')}).`,
    );
  }
  return npy;
}

const namesOf = (shard: Shard) => [shard.l.name, shard.ab.name];

/** Neighbouring rows are read at once: validation goes through its shards in order. */
function runsOf(places: RowPlace[]): { place: RowPlace; at: number; length: number }[] {
  const runs: { place: RowPlace; at: number; length: number }[] = [];
  places.forEach((place, at) => {
    const last = runs.at(-1);
    if (last && last.place.shard === place.shard && last.place.row + last.length === place.row) last.length++;
    else runs.push({ place, at, length: 1 });
  });
  return runs;
}
