import { createHash } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { datasetFileKey, maxDatasetFileBytes } from '@chromatune/contracts';
import type { ObjectStore } from '@chromatune/storage';
import { Injectable } from '@nestjs/common';
import { InjectObjectStore } from '../config/connections.js';
import {
  DatasetFileNotFound,
  DatasetFileTooLarge,
  DigestMismatch,
  UploadFolderFull,
} from './datasets.errors.js';
import { sizeOrNull } from './stored-size.js';

/** Files of dataset versions, addressed by their content, so that an interrupted import sends only what is missing. */
@Injectable()
export class DatasetUploadsService {
  constructor(@InjectObjectStore() private readonly objects: ObjectStore) {}

  /** Bytes of an uploaded file. */
  async getSize(sha256: string): Promise<number> {
    const bytes = await sizeOrNull(this.objects, datasetFileKey({ sha256 }));
    if (bytes === null) throw new DatasetFileNotFound(sha256);
    return bytes;
  }

  /** Stores the body under its digest, after it has been verified in a temporary file. */
  async receive(sha256: string, body: Readable): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'chromatune-upload-'));
    try {
      const path = join(folder, 'file');
      const actual = await writeHashed(body, path);
      if (actual !== sha256) throw new DigestMismatch(sha256, actual);
      await this.objects.put(datasetFileKey({ sha256 }), { path });
    } catch (error) {
      throw isDiskFull(error) ? new UploadFolderFull(tmpdir(), error) : error;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Writes a stream to a file and answers its SHA-256. The stream is left open on errors, so that the sender gets an answer. */
async function writeHashed(body: Readable, path: string): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'wx');
  let bytes = 0;
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxDatasetFileBytes) throw new DatasetFileTooLarge(maxDatasetFileBytes);
      hash.update(chunk);
      await file.write(chunk);
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

const isDiskFull = (error: unknown) =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
