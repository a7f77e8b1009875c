import type { IncomingMessage } from 'node:http';
import { datasetFileKey, maxDatasetFileBytes } from '@chromatune/contracts';
import type { ObjectStore } from '@chromatune/storage';
import { Injectable } from '@nestjs/common';
import { InjectObjectStore } from '../config/connections.js';
import { receiveFile } from '../uploads/receive-file.js';
import { DatasetFileNotFound, DatasetFileTooLarge } from './datasets.errors.js';
import { sizeOrNull } from '../uploads/stored-size.js';

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
  receive(sha256: string, body: IncomingMessage): Promise<void> {
    const tooLarge = (limit: number) => new DatasetFileTooLarge(limit);
    return receiveFile(body, { sha256, mostBytes: maxDatasetFileBytes, tooLarge }, (path) =>
      this.objects.put(datasetFileKey({ sha256 }), { path }),
    );
  }
}
