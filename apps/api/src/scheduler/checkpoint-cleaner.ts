import type { Database } from '@chromatune/database';
import type { ObjectStore } from '@chromatune/storage';
import { Injectable } from '@nestjs/common';
import { InjectDatabase, InjectObjectStore } from '../config/connections.js';
import { forEach } from './for-each.js';

/** Keeps a run's newest and best checkpoints and the final one, and removes the others once there are some. */
@Injectable()
export class CheckpointCleaner {
  constructor(
    @InjectDatabase() private readonly database: Database,
    @InjectObjectStore() private readonly objects: ObjectStore,
  ) {}

  /** The object goes first: a file that is gone without its row would only be asked for again, a row that is gone leaves a file for ever. */
  async removeOld(): Promise<void> {
    await forEach(await this.database.checkpoints.crowdedRuns(), async (runId) => {
      for (const { attempt, step, key } of await this.database.checkpoints.removable(runId)) {
        await this.objects.remove(key);
        await this.database.checkpoints.markRemoved(runId, attempt, step);
      }
    });
  }
}
