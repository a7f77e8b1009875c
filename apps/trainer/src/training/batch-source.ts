import { setImmediate } from 'node:timers/promises';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { type FileProvider, trainBatches } from '@chromatune/data';
import type { Batch } from '@chromatune/models';
import {
  type EpochOptions,
  type FromBatchThread,
  fromPlainError,
  type ToBatchThread,
} from './batch-messages.js';

/** Where a training gets its batches from, epoch by epoch, one epoch at a time. */
export interface BatchSource {
  epoch(options: EpochOptions): AsyncGenerator<Batch, void, undefined>;
  close(): Promise<void>;
}

/** Makes batches on the thread that uses them. */
export const batchesHere = (files: FileProvider): BatchSource => ({
  epoch: (options) => trainBatches({ ...options, files }),
  close: async () => undefined,
});

const batchThread = new URL('./batch-thread.js', import.meta.url);

/** Makes batches on a thread of their own, a few ahead of the step. Their order and bytes are the same. */
export class BatchThread implements BatchSource {
  private readonly worker: Worker;
  private inbox: FromBatchThread[] = [];
  private wake: () => void = () => undefined;

  constructor(
    private readonly files: FileProvider,
    program: URL = batchThread,
    options: WorkerOptions = {},
  ) {
    this.worker = new Worker(program, options);
    this.worker.on('message', (message: FromBatchThread) => void this.receive(message));
    this.worker.on('error', (error: Error) => this.put({ type: 'failed', error }));
  }

  async *epoch(options: EpochOptions): AsyncGenerator<Batch, void, undefined> {
    this.send({ type: 'epoch', options });
    let message: FromBatchThread | undefined;
    try {
      for (;;) {
        message = await this.take();
        if (message.type === 'end') return;
        if (message.type === 'failed') throw fromPlainError(message.error);
        if (message.type !== 'batch') continue;
        this.send({ type: 'used' });
        yield message.batch;
      }
    } finally {
      this.send({ type: 'stop' });
      while (message?.type !== 'end' && message?.type !== 'failed') message = await this.take();
    }
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private async receive(message: FromBatchThread): Promise<void> {
    if (message.type !== 'needFiles') return this.put(message);
    const { request, names } = message;
    this.send({ type: 'files', request, paths: await this.files(names) });
  }

  private put(message: FromBatchThread): void {
    this.inbox.push(message);
    this.wake();
  }

  private async take(): Promise<FromBatchThread> {
    while (this.inbox.length === 0) await new Promise<void>((resolve) => (this.wake = resolve));
    return this.inbox.shift()!;
  }

  private send(message: ToBatchThread): void {
    this.worker.postMessage(message);
  }
}

/**
 * The same batches, each with the one after it, if that is there already: nobody waits for it yet. `waited` is told the seconds
 * that each was waited for.
 */
export async function* lookingAhead(
  batches: AsyncGenerator<Batch, void, undefined>,
  waited: (seconds: number) => void,
): AsyncGenerator<{ batch: Batch; next: Batch | undefined }, void, undefined> {
  try {
    let coming = batches.next();
    for (;;) {
      const startedAt = performance.now();
      const { done, value: batch } = await coming;
      if (done) return;
      coming = batches.next();
      const next = await Promise.race([valueOf(coming), setImmediate(undefined)]);
      waited((performance.now() - startedAt) / 1000);
      yield { batch, next };
    }
  } finally {
    await batches.return();
  }
}

/** What went wrong is said to who waits for the batch itself. */
const valueOf = (coming: Promise<IteratorResult<Batch, void>>): Promise<Batch | undefined> =>
  coming.then(({ value }) => value ?? undefined).catch(() => undefined);
