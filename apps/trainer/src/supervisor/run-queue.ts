import { BullModule, OnQueueError, Process, Processor } from '@nestjs/bull';
import { type DynamicModule, Inject, Injectable } from '@nestjs/common';
import { jobs, queueName } from '@chromatune/contracts';
import type { Job } from 'bull';
import type { Logger } from 'pino';
import type { Colorizer } from './colorizer.js';
import { Supervisor } from './supervisor.js';

/** The only file of the trainer that knows Bull. */

const complainEveryMs = 60_000;
/**
 * While all slots are taken a bell is held this long before it is dropped: so this trainer keeps at most `slots` bells from
 * others, and each only for a while. (Bull's own way, a local pause, cuts its connection, and rejects where nobody listens.)
 */
const holdMs = 1_000;

export interface RunQueueOptions {
  redisUrl: string;
  pool: string;
  slots: number;
  supervisor: Supervisor;
  colorizer: Colorizer;
  log: Logger;
}

/**
 * The pool's queue as a door-bell: a job says that a run may be waiting, and Postgres decides. A job ends with that
 * decision, so Bull's locks never matter; one that nobody had a slot for is rung again by the scheduler. Redis may go and
 * come back.
 */
export function runQueueModule({
  redisUrl,
  pool,
  slots,
  supervisor,
  colorizer,
  log,
}: RunQueueOptions): DynamicModule {
  const name = queueName(pool);

  @Injectable()
  @Processor(name)
  class RunQueue {
    private complainedAt = 0;

    constructor(@Inject(Supervisor) private readonly supervisor: Supervisor) {}

    @Process({ name: 'train-run', concurrency: slots })
    async ring(job: Job): Promise<void> {
      const bell = jobs['train-run'].safeParse(job.data);
      if (!bell.success) {
        log.warn({ jobId: job.id }, 'a job of another kind in the queue of runs; dropped');
        return;
      }
      const { runId, attempt } = bell.data;
      await this.supervisor.whenSlotIsFree(holdMs);
      const claimed = await this.supervisor.offer({ runId, attempt });
      log.debug({ runId, attempt, claimed }, 'the bell rang');
    }

    @Process({ name: 'colorize', concurrency: 1 })
    async color(job: Job): Promise<void> {
      const request = jobs.colorize.safeParse(job.data);
      if (!request.success) {
        log.warn({ jobId: job.id }, 'a photograph was sent in another form than expected; dropped');
        return;
      }
      await colorizer.colorize(request.data).catch((error: unknown) => {
        log.warn({ err: error, runId: request.data.runId }, 'cannot colour a photograph');
        throw error;
      });
    }

    @OnQueueError()
    onError(error: Error): void {
      if (Date.now() - this.complainedAt < complainEveryMs) return;
      this.complainedAt = Date.now();
      log.warn({ err: error }, 'Redis is away; queued runs are found in Postgres meanwhile');
    }
  }

  return {
    module: class RunQueueModule {},
    imports: [
      BullModule.registerQueue({
        name,
        url: redisUrl,
        redis: { retryStrategy: (times) => Math.min(200 * times, 2_000) },
        settings: { retryProcessDelay: 1_000 },
      }),
    ],
    providers: [RunQueue, { provide: Supervisor, useValue: supervisor }],
  };
}
