import {
  canonicalJson,
  type DatasetDetail,
  type DatasetFile,
  datasetFileKey,
  datasetFiles,
  type DatasetManifest,
  type DatasetPrior,
  type DatasetVersion,
  type PriorQuery,
  split,
} from '@chromatune/contracts';
import { manifestDigest, readAbCounts } from '@chromatune/data';
import type { Database } from '@chromatune/database';
import { describePrior } from '@chromatune/models/describe';
import type { ObjectStore } from '@chromatune/storage';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { InjectDatabase, InjectObjectStore } from '../config/connections.js';
import type { Picture } from './datasets.dto.js';
import {
  DatasetFilesMissing,
  DatasetVersionNotFound,
  InvalidManifest,
  NoPriorStored,
} from './datasets.errors.js';
import { sizeOrNull } from '../uploads/stored-size.js';

@Injectable()
export class DatasetsService {
  constructor(
    @InjectDatabase() private readonly database: Database,
    @InjectObjectStore() private readonly objects: ObjectStore,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(DatasetsService.name);
  }

  /** Registers a dataset version whose files are all uploaded. Doing it again changes nothing. */
  async register(manifest: DatasetManifest): Promise<DatasetVersion> {
    checkCounts(manifest);
    const files = datasetFiles(manifest);
    const missing = await this.findMissing(files);
    if (missing.length > 0) throw new DatasetFilesMissing(missing, files.length);

    const digest = manifestDigest(manifest);
    await this.objects.put(`datasets/manifests/${digest}.json`, Buffer.from(canonicalJson(manifest)));
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const version = await this.database.datasets.insertVersion(manifest, digest, bytes);
    this.logger.info({ dataset: manifest.name, digest }, 'dataset version registered');
    return version;
  }

  async getVersion(digest: string): Promise<DatasetDetail> {
    const detail = await this.database.datasets.version(digest);
    if (!detail) throw new DatasetVersionNotFound(digest);
    return detail;
  }

  /** @throws NoPriorStored for versions of old, DomainError (422) when its file is damaged */
  async getPrior(digest: string, query: PriorQuery): Promise<DatasetPrior> {
    const { prior } = (await this.getVersion(digest)).manifest;
    if (!prior) throw new NoPriorStored(digest);
    return describePrior(readAbCounts(await this.objects.get(datasetFileKey(prior)), prior.name), query);
  }

  async getPicture(digest: string, picture: Picture): Promise<DatasetFile> {
    const { pictures } = (await this.getVersion(digest)).manifest;
    return picture === 'grey' || picture === 'truth' ? pictures[picture] : pictures.contactSheets[picture];
  }

  private async findMissing(files: DatasetFile[]): Promise<DatasetFile[]> {
    const missing: DatasetFile[] = [];
    for (const file of files) {
      if ((await sizeOrNull(this.objects, datasetFileKey(file))) !== file.bytes) missing.push(file);
    }
    return missing;
  }
}

function checkCounts({ shards, images }: DatasetManifest): void {
  for (const name of split.options) {
    const inShards = shards
      .filter((shard) => shard.split === name)
      .reduce((sum, shard) => sum + shard.images, 0);
    if (inShards !== images[name]) {
      throw new InvalidManifest(`its ${name} shards hold ${inShards} images, and it counts ${images[name]}`);
    }
  }
}
