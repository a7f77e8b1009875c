import { open } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { maxWeightsBytes, type NewWeights, type Weights, weightsKey } from '@chromatune/contracts';
import { describeWeights } from '@chromatune/data';
import type { Database } from '@chromatune/database';
import type { ObjectStore } from '@chromatune/storage';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { InjectDatabase, InjectObjectStore } from '../config/connections.js';
import { receiveFile } from '../uploads/receive-file.js';
import { sizeOrNull } from '../uploads/stored-size.js';
import { WeightsNotFound, WeightsNotUploaded, WeightsTooLarge } from './weights.errors.js';

/** Holds the header of any file of weights: ResNet-152's has 90 KB. */
const headBytes = 1024 * 1024;

/** Pretrained weights: canonical files in the object store, addressed by their content, and a row for each. */
@Injectable()
export class WeightsService {
  constructor(
    @InjectDatabase() private readonly database: Database,
    @InjectObjectStore() private readonly objects: ObjectStore,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(WeightsService.name);
  }

  async get(digest: string): Promise<Weights> {
    const [found] = await this.database.weights.find([digest]);
    if (!found) throw new WeightsNotFound(digest);
    return found;
  }

  /** Stores the body under its digest, when it is a canonical file of weights. */
  receive(digest: string, body: IncomingMessage): Promise<void> {
    const tooLarge = (limit: number) => new WeightsTooLarge(limit);
    return receiveFile(body, { sha256: digest, mostBytes: maxWeightsBytes, tooLarge }, async (path) => {
      await checkCanonical(path);
      await this.objects.put(weightsKey(digest), { path });
    });
  }

  /** Makes an uploaded file known. Doing it again changes nothing. */
  async register({ digest, name, source }: NewWeights): Promise<Weights> {
    const key = weightsKey(digest);
    const bytes = await sizeOrNull(this.objects, key);
    if (bytes === null) throw new WeightsNotUploaded(digest);
    const { network, tensors } = describeWeights(await this.objects.getRange(key, 0, headBytes), bytes);
    const stored = await this.database.weights.insert({ digest, name, network, tensors, bytes, source });
    this.logger.info({ digest, network }, `weights "${stored.name}" registered`);
    return stored;
  }
}

async function checkCanonical(path: string): Promise<void> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    describeWeights(buffer.subarray(0, bytesRead), (await file.stat()).size);
  } finally {
    await file.close();
  }
}
