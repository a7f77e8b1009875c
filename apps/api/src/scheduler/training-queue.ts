import {
  type ColorizeRequest,
  DomainError,
  jobId,
  type JobPayload,
  jobs,
  queueName,
} from '@chromatune/contracts';
import Bull from 'bull';

/** A run that should train: its next attempt, and the pool of trainers that may take it. */
export interface QueuedAttempt {
  runId: string;
  attempt: number;
  pool: string;
}

/**
 * The door-bell. A job tells some trainer of the pool that a run waits; Postgres decides who trains it. So every job may
 * be lost or rung twice. Photographs to colour come the same way, and their senders wait. This is the only file of the API
 * that knows Bull.
 */
export class TrainingQueue {
  private readonly queues = new Map<string, Bull.Queue>();

  constructor(private readonly redisUrl: string) {}

  /**
   * Makes sure that each of these attempts has a job. Adding twice is harmless: Bull keeps one job an id.
   * Throws `QueueUnavailable` within seconds when Redis is away.
   */
  async ring(attempts: QueuedAttempt[]): Promise<void> {
    const pools = new Set(attempts.map(({ pool }) => pool));
    await Promise.all(
      [...pools].map(async (pool) => {
        const queue = this.queueOf(pool);
        try {
          await untilConnected(queue);
          await removeEnded(queue);
          await queue.addBulk(attempts.filter((attempt) => attempt.pool === pool).map(toJob));
        } catch (cause) {
          throw new QueueUnavailable(cause);
        }
      }),
    );
  }

  /** Asks some trainer of the pool to colour a photograph, before it hears of any more runs. */
  async ask(pool: string, request: ColorizeRequest): Promise<void> {
    const queue = this.queueOf(pool);
    try {
      await untilConnected(queue);
      const opts = { jobId: request.id, lifo: true, removeOnComplete: true, removeOnFail: true };
      await queue.add('colorize', jobs.colorize.parse(request), opts);
    } catch (cause) {
      throw new QueueUnavailable(cause);
    }
  }

  /** Takes back what no trainer has begun with. */
  async withdraw(pool: string, id: string): Promise<void> {
    await (await this.queueOf(pool).getJob(id))?.remove();
  }

  /** Resolves when Redis answers. */
  async ping(): Promise<void> {
    try {
      const queue = this.queueOf('default');
      await untilConnected(queue);
      await queue.client.ping();
    } catch (cause) {
      throw new QueueUnavailable(cause);
    }
  }

  /** Jobs that wait for a trainer, over the pools that were used. */
  async countWaiting(): Promise<number> {
    const counts = await Promise.all([...this.queues.values()].map((queue) => queue.getWaitingCount()));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async close(): Promise<void> {
    for (const queue of this.queues.values()) queue.client.disconnect(); // close() would wait for an absent Redis
    await Promise.allSettled([...this.queues.values()].map((queue) => queue.close(true)));
    this.queues.clear();
  }

  private queueOf(pool: string): Bull.Queue {
    let queue = this.queues.get(pool);
    if (!queue) {
      queue = new Bull(queueName(pool), this.redisUrl, { redis: connection });
      queue.on('error', () => {}); // ioredis reconnects by itself; what fails meanwhile is reported by its caller
      this.queues.set(pool, queue);
    }
    return queue;
  }
}

/** Redis does not answer. Nothing is lost: the scheduler rings again. */
export class QueueUnavailable extends DomainError {
  constructor(cause: unknown) {
    super('queue_unavailable', 503, 'Redis does not answer, so trainers are not told of waiting runs.', {
      remedy: 'Check that Redis runs and that REDIS_URL is right. The queue refills by itself.',
      cause,
    });
  }
}

/** Fail at once instead of keeping commands for later: the scheduler's next look repeats them anyway. */
const connection = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  commandTimeout: 3000,
  connectTimeout: 3000,
  retryStrategy: (times: number) => Math.min(times * 100, 1000),
};

/** The first connection takes a moment; a lost one is not waited for. */
async function untilConnected({ client }: Bull.Queue): Promise<void> {
  if (client.status !== 'connecting' && client.status !== 'connect') return;
  await new Promise<void>((resolve) => {
    client.once('ready', resolve);
    client.once('close', resolve);
  });
}

function toJob({ runId, attempt }: QueuedAttempt) {
  const data: JobPayload<'train-run'> = jobs['train-run'].parse({ runId, attempt });
  return {
    name: 'train-run' as const,
    data,
    opts: { jobId: jobId(data), removeOnComplete: true, removeOnFail: true },
  };
}

/** A job that ended but stayed (an older trainer, a second stall) would block a new one of the same id. */
async function removeEnded(queue: Bull.Queue): Promise<void> {
  const ended = await queue.getJobs(['completed', 'failed']);
  await Promise.allSettled(ended.map((job) => job?.remove())); // one still locked goes at a later look
}
