import { jobs, queueName } from '@chromatune/contracts';
import { startRedis, type TestRedis } from '@chromatune/test-support';
import Bull from 'bull';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../api.fixture.js';
import { TrainingQueue } from './training-queue.js';

let redis: TestRedis;
let queue: TrainingQueue;
let trainerSide: Bull.Queue;

beforeAll(async () => {
  redis = await startRedis();
  queue = new TrainingQueue(redis.url);
  trainerSide = new Bull(queueName('gpu'), redis.url);
});
afterAll(async () => {
  await queue.close();
  await trainerSide.close();
  await redis.stop();
});

const attempt = (runId: string) => ({ runId, attempt: 1, pool: 'gpu' });

describe('ringing', () => {
  it('twice leaves one job, which fits the contract', async () => {
    await queue.ring([attempt('s7k3-0')]);
    await queue.ring([attempt('s7k3-0')]);
    const waiting = await trainerSide.getWaiting();
    expect(waiting.map(({ id }) => id)).toEqual(['s7k3-0.1']);
    expect(jobs['train-run'].parse(waiting[0]!.data)).toEqual({ runId: 's7k3-0', attempt: 1 });
  });

  it('goes to the queue of the pool', async () => {
    await queue.ring([{ ...attempt('s7k3-1'), pool: 'cpu' }]);
    const cpu = new Bull(queueName('cpu'), redis.url);
    expect((await cpu.getJob('s7k3-1.1'))?.name).toBe('train-run');
    expect(await trainerSide.getJob('s7k3-1.1')).toBeNull();
    await cpu.close();
  });

  it('works although an ended job of the same id was left behind', async () => {
    await trainerSide.empty();
    await trainerSide.add('train-run', {}, { jobId: 's7k3-2.1' });
    const left = await trainerSide.getNextJob();
    await left!.moveToCompleted('done');
    expect(await (await trainerSide.getJob('s7k3-2.1'))!.isCompleted()).toBe(true);
    await queue.ring([attempt('s7k3-2')]);
    expect(await (await trainerSide.getJob('s7k3-2.1'))!.isWaiting()).toBe(true);
  });
});

describe('without Redis', () => {
  it('ringing fails soon with what to do, and works again when Redis is back', async () => {
    const lost = await startRedis();
    const other = new TrainingQueue(lost.url);
    await other.ring([attempt('s7k3-3')]);
    process.kill(lost.pid, 'SIGSTOP'); // alive, but it does not answer
    const from = performance.now();
    await expect(other.ring([attempt('s7k3-4')])).rejects.toMatchObject({
      code: 'queue_unavailable',
      status: 503,
    });
    expect(performance.now() - from).toBeLessThan(8000);
    process.kill(lost.pid, 'SIGCONT');
    await until(
      () =>
        other.ring([attempt('s7k3-4')]).then(
          () => true,
          () => false,
        ),
      Boolean,
    );
    await other.close();
    await lost.stop();
  });
});
