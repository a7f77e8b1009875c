import { readFile } from 'node:fs/promises';
import { type DatasetManifest } from '@chromatune/contracts';
import { CorruptShard, type FileProvider, openLab8 } from './batches/shard-reader.js';
import { npyHeaderBytes } from './npy/npy-bytes.js';
import { readNpyHeader } from './npy/npy-header.js';

/** Bytes of a dataset's `prior` file. */
export const priorBytes = npyHeaderBytes('f8', [256, 256]).length + 256 * 256 * 8;

/**
 * How often each 8-bit (a, b) occurs in the training split, at index a8 * 256 + b8: the empirical prior, fine enough for
 * any set of colour bins. From the dataset's prior file; a version that was imported before there was one is counted.
 * @throws CorruptShard when a file is damaged
 */
export async function abCounts(manifest: DatasetManifest, files: FileProvider): Promise<Float64Array> {
  if (!manifest.prior) return countColors(manifest, files);
  const { name } = manifest.prior;
  const path = (await files([name]))[name];
  if (path === undefined) throw new Error(`The file provider gave no path for ${name}.`);
  return readAbCounts(await readFile(path), name);
}

/**
 * The counts in a dataset's `prior` file, as `abCounts` gives them.
 * @param name of the file, for messages
 * @throws CorruptShard when these are not its bytes
 */
export function readAbCounts(bytes: Uint8Array, name: string): Float64Array {
  const { dtype, shape, dataOffset } = headerOf(bytes, name);
  if (dtype !== 'f8' || shape.join() !== '256,256') {
    throw new CorruptShard(
      name,
      `it holds ${dtype} of shape (${shape.join(', ')}) instead of f8 of (256, 256).`,
    );
  }
  if (bytes.length !== priorBytes) {
    throw new CorruptShard(name, `it has ${bytes.length} bytes instead of ${priorBytes}.`);
  }
  return new Float64Array(new Uint8Array(bytes.subarray(dataOffset)).buffer);
}

function headerOf(bytes: Uint8Array, name: string) {
  try {
    return readNpyHeader(bytes, name);
  } catch (error) {
    throw new CorruptShard(name, (error as Error).message, error as Error);
  }
}

/** Counts the colours of the training shards, one shard after another. Memory: 4 MiB beside the counts. */
export async function countColors(
  { shards, imageSize }: Pick<DatasetManifest, 'shards' | 'imageSize'>,
  files: FileProvider,
): Promise<Float64Array> {
  const counts = new Float64Array(65_536);
  const rowsAtOnce = Math.max(1, Math.floor(4_194_304 / (imageSize * imageSize * 2)));
  for (const { split, images, ab } of shards) {
    if (split !== 'train') continue;
    const npy = await openLab8(ab, await files([ab.name]), [images, imageSize, imageSize, 2]);
    try {
      for (let row = 0; row < images; row += rowsAtOnce) {
        const rows = (await npy.readRows(row, Math.min(images, row + rowsAtOnce))) as Uint8Array;
        for (let at = 0; at < rows.length; at += 2) counts[(rows[at]! << 8) | rows[at + 1]!]!++;
      }
    } finally {
      await npy.close();
    }
  }
  return counts;
}
