import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lendFolder } from './lend-folder.js';
import { DigestMismatch, UploadFolderFull } from './uploads.errors.js';

export interface ExpectedFile {
  /** Null takes any content. */
  sha256: string | null;
  mostBytes: number;
  /** Made when more than `mostBytes` come. */
  tooLarge: (mostBytes: number) => Error;
}

/** Writes a request's body to a temporary file, compares it with its digest where it has one, and lends it to `keep`. */
export async function receiveFile(
  body: IncomingMessage,
  expected: ExpectedFile,
  keep: (path: string) => Promise<void>,
): Promise<void> {
  if (Number(body.headers['content-length']) > expected.mostBytes)
    throw expected.tooLarge(expected.mostBytes);
  try {
    await lendFolder(async (folder) => {
      const path = join(folder, 'file');
      const actual = await writeHashed(body, path, expected);
      if (expected.sha256 !== null && actual !== expected.sha256)
        throw new DigestMismatch(expected.sha256, actual);
      await keep(path);
    });
  } catch (error) {
    throw isDiskFull(error) ? new UploadFolderFull(tmpdir(), error) : error;
  }
}

/** Writes a stream to a file and answers its SHA-256. The stream is left open on errors, so that the sender gets an answer. */
async function writeHashed(
  body: IncomingMessage,
  path: string,
  { mostBytes, tooLarge }: ExpectedFile,
): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'wx');
  let bytes = 0;
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > mostBytes) throw tooLarge(mostBytes);
      hash.update(chunk);
      await file.writeFile(chunk); // from where the last ended; `write` may write less without an error
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

const isDiskFull = (error: unknown) =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
