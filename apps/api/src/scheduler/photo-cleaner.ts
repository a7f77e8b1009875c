import { colorizePrefix } from '@chromatune/contracts';
import type { ObjectStore } from '@chromatune/storage';
import { Injectable } from '@nestjs/common';
import { InjectObjectStore } from '../config/connections.js';

const lookEveryMs = 10 * 60_000;
/** Nobody waits for a photograph for this long. */
const abandonedMs = 60 * 60_000;

/** Removes photographs that were sent to be coloured and left behind by an API or trainer that was killed. */
@Injectable()
export class PhotoCleaner {
  private lookedAt = 0;

  constructor(@InjectObjectStore() private readonly objects: ObjectStore) {}

  async removeAbandoned(now = Date.now()): Promise<void> {
    if (now - this.lookedAt < lookEveryMs) return;
    this.lookedAt = now;
    for await (const { key } of this.objects.list(colorizePrefix)) {
      const sentAt = Number(key.slice(colorizePrefix.length).split('-')[0]);
      if (now - sentAt > abandonedMs) await this.objects.remove(key);
    }
  }
}
