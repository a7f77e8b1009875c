import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { DomainError } from '@chromatune/contracts';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { type NpyPlace } from '../npy/npy-file.js';
import { ImportError, type Progress } from './import-options.js';
import { type WorkFolder } from './work-folder.js';

/**
 * Where the npy files of a zip (or npz) can be read, in natural order of their names (ab2 before ab10). Stored entries are
 * read in place; compressed ones are unpacked to the work folder first, once.
 * @throws ImportError when the zip is damaged, encrypted or has no npy file
 */
export async function npyEntriesOf(
  path: string,
  folder: WorkFolder,
  onProgress: Progress,
): Promise<NpyPlace[]> {
  const zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false }).catch((error) => {
    throw explained(error, path);
  });
  try {
    const entries: Entry[] = [];
    for await (const entry of zip.eachEntry()) if (entry.fileName.endsWith('.npy')) entries.push(entry);
    if (entries.length === 0) {
      throw new ImportError(
        'no_npy',
        `${path} holds no npy file.`,
        'Name the zip files of the Kaggle set as they are.',
      );
    }
    entries.sort((a, b) => naturally(a.fileName, b.fileName));
    const places: NpyPlace[] = [];
    for (const entry of entries) places.push(await placeOf(zip, path, entry, folder, onProgress));
    return places;
  } catch (error) {
    throw explained(error, path);
  } finally {
    zip.close();
  }
}

/** Compares names so that ab2 comes before ab10. */
export const naturally = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true });

async function placeOf(
  zip: ZipFile,
  path: string,
  entry: Entry,
  folder: WorkFolder,
  onProgress: Progress,
): Promise<NpyPlace> {
  const name = `${basename(path)}/${entry.fileName}`;
  if (entry.isEncrypted()) {
    throw new ImportError('encrypted_zip', `${name} is encrypted.`, 'Unpack it, and import the npy files.');
  }
  if (entry.compressionMethod === 0) {
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    return { path, offset: fileDataStart, length: entry.uncompressedSize, name };
  }
  const target = folder.file(`unpacked-${name.replace(/[^a-z0-9.]+/gi, '-')}`);
  const step = `unpack ${name} ${entry.crc32}`;
  await folder.step(step, () => unpack(zip, entry, target, name, onProgress));
  const there = await stat(target).catch(() => null);
  if (there?.size !== entry.uncompressedSize) await unpack(zip, entry, target, name, onProgress);
  return { path: target, name };
}

async function unpack(zip: ZipFile, entry: Entry, target: string, name: string, onProgress: Progress) {
  let bytes = 0;
  let sum = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      sum = crc32(chunk, sum);
      onProgress(bytes, entry.uncompressedSize, `unpacking ${name}`);
      done(null, chunk);
    },
  });
  try {
    await pipeline(await zip.openReadStreamPromise(entry), count, createWriteStream(target));
    if (sum !== entry.crc32) throw new Error(`the checksum of ${entry.fileName} does not agree`);
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
  return { bytes };
}

/** yauzl and zlib throw plain errors for damaged files; errors of the disk keep their code and are explained elsewhere. */
function explained(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (error instanceof DomainError || (code && !code.startsWith('Z_') && code !== 'ENOENT')) return error;
  return new ImportError(
    'unreadable_zip',
    `${path} cannot be read as a zip: ${(error as Error).message}.`,
    'Check that it was downloaded whole, or unpack it yourself and import the npy files.',
    error,
  );
}
