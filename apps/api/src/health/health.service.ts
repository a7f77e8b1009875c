import type { Health } from '@chromatune/contracts';
import type { Database } from '@chromatune/database';
import type { ObjectStore } from '@chromatune/storage';
import { Injectable } from '@nestjs/common';
import { InjectDatabase, InjectObjectStore } from '../config/connections.js';
import { Scheduler } from '../scheduler/scheduler.js';
import { TrainingQueue } from '../scheduler/training-queue.js';
import { apiVersion } from './api-version.js';

/** A part that takes longer to answer counts as down: whoever asks wants to know now. */
const patienceMs = 2000;

type Part = Health['parts'][string];

@Injectable()
export class HealthService {
  constructor(
    @InjectDatabase() private readonly database: Database,
    @InjectObjectStore() private readonly objects: ObjectStore,
    private readonly queue: TrainingQueue,
    private readonly scheduler: Scheduler,
  ) {}

  async check(): Promise<Health> {
    const [postgres, redis, objectStore] = await Promise.all([
      examine(() => this.database.ping()),
      examine(() => this.queue.ping()),
      examine(() => this.objects.check(), this.objects.describe()),
    ]);
    const scheduler: Part = { status: 'ok', detail: this.scheduler.isLeader ? 'leads' : 'stands by' };
    const parts = { postgres, redis, objectStore, scheduler };
    const isOk = Object.values(parts).every(({ status }) => status === 'ok');
    return { status: isOk ? 'ok' : 'degraded', version: apiVersion, parts };
  }
}

async function examine(check: () => Promise<unknown>, detail?: string): Promise<Part> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs / 1000} s`)), patienceMs);
  });
  try {
    await Promise.race([check(), timeout]);
    return { status: 'ok', ...(detail && { detail }) };
  } catch (error) {
    return { status: 'down', detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
