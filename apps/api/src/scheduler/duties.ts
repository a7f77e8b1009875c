import type { Database } from '@chromatune/database';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { InjectDatabase } from '../config/connections.js';
import { VerdictService } from '../runs/verdict.service.js';
import { CheckpointCleaner } from './checkpoint-cleaner.js';
import { PhotoCleaner } from './photo-cleaner.js';
import { RunMaker } from './run-maker.js';
import { TrainingQueue } from './training-queue.js';

type Duty = [name: string, fulfil: () => Promise<void>];

/** Everything the scheduler sees to, in the order in which one duty makes work for the next. */
@Injectable()
export class SchedulerDuties {
  private readonly failing = new Map<string, string>();
  private readonly duties: Duty[];

  constructor(
    @InjectDatabase() private readonly database: Database,
    private readonly queue: TrainingQueue,
    runMaker: RunMaker,
    verdicts: VerdictService,
    cleaner: CheckpointCleaner,
    photos: PhotoCleaner,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext('Scheduler');
    this.duties = [
      ['expire leases', () => this.expireLeases()],
      ['make runs', () => runMaker.makeRuns()],
      ['ring for queued runs', () => this.ring()],
      ['judge reproductions', () => verdicts.judgeEnded()],
      ['remove old checkpoints', () => cleaner.removeOld()],
      ['remove abandoned photographs', () => photos.removeAbandoned()],
    ];
  }

  /** Fulfils each duty. One that fails does not keep the others from their work: Redis may be away, or the object store. */
  async look(mayGoOn: () => boolean): Promise<void> {
    for (const [name, fulfil] of this.duties) {
      if (!mayGoOn()) return;
      try {
        await fulfil();
        this.noteSuccess(name);
      } catch (error) {
        this.noteFailure(name, error);
      }
    }
  }

  private async expireLeases(): Promise<void> {
    for (const runId of await this.database.runs.expireLeases()) {
      this.logger.warn({ runId }, 'lost its trainer: the lease is over');
    }
  }

  private async ring(): Promise<void> {
    const queued = await this.database.runs.queued();
    if (queued.length > 0) await this.queue.ring(queued);
  }

  /** An outage is told once when it begins and once when it is over, not every second. */
  private noteFailure(name: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (this.failing.get(name) === message) return;
    this.failing.set(name, message);
    this.logger.warn({ err: error }, `could not ${name}, tries again`);
  }

  private noteSuccess(name: string): void {
    if (this.failing.delete(name)) this.logger.info(`can ${name} again`);
  }
}
