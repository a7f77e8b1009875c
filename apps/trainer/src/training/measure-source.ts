import { Worker, type WorkerOptions } from 'node:worker_threads';
import { type Batch, piecesOf } from '@chromatune/models';
import { type MeasureOptions, type Measured, pictureMeasurer, type ToMeasure } from './measure-pictures.js';

/** Measures how the colours of pictures compare with their predictions. */
export interface MeasureSource {
  /**
   * Measures of each image of the batch, one after another, as `imageMeasureNames` says.
   * @param predicted ab in ab units, [images, size, size, 2]
   */
  measure(batch: Batch, predicted: Float32Array): Promise<Float64Array>;
  close(): Promise<void>;
}

export type MakeMeasures = (options: MeasureOptions) => MeasureSource;

/** Measures on the thread that asks. */
export const measuresHere: MakeMeasures = (options) => {
  const measure = pictureMeasurer(options);
  return {
    measure: async (batch, predicted) => measure(batch, predicted),
    close: async () => undefined,
  };
};

const measureThread = new URL('./measure-thread.js', import.meta.url);

/**
 * Measures on threads of its own, among which the images of each batch are divided, while the thread that asks goes on. The
 * numbers and their order are the same. An image costs a processor a third of a millisecond at 64 pixels, four at 224: on a GPU
 * many times what its evaluation takes.
 */
export class MeasureThreads implements MeasureSource {
  private readonly workers: Worker[];
  private readonly waiting = new Map<number, Waiting>();
  private lastRequest = 0;

  constructor(
    threads: number,
    measureOptions: MeasureOptions,
    program: URL = measureThread,
    options: WorkerOptions = {},
  ) {
    this.workers = Array.from({ length: threads }, () => {
      const worker = new Worker(program, { ...options, workerData: measureOptions });
      worker.on('message', ({ request, measures }: Measured) => this.settle(request)?.resolve(measures));
      worker.on('error', (error: Error) => this.fail(error));
      return worker;
    });
  }

  async measure(batch: Batch, predicted: Float32Array): Promise<Float64Array> {
    const share = Math.ceil(batch.images / this.workers.length);
    const values = predicted.length / batch.images;
    const measured = await Promise.all(
      piecesOf(batch, share).map(({ batch: piece, from }, index) =>
        this.ask(this.workers[index]!, {
          request: (this.lastRequest += 1),
          batch: { ...piece, l: piece.l.slice(), ab: piece.ab.slice() },
          predicted: predicted.slice(from * values, (from + piece.images) * values),
        }),
      ),
    );
    return Float64Array.from(measured.flatMap((measures) => [...measures]));
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private ask(worker: Worker, message: ToMeasure): Promise<Float64Array> {
    const { batch, predicted } = message;
    worker.postMessage(
      message,
      [batch.l, batch.ab, predicted].map(({ buffer }) => buffer as ArrayBuffer),
    );
    return new Promise((resolve, reject) => this.waiting.set(message.request, { resolve, reject }));
  }

  private settle(request: number): Waiting | undefined {
    const waiting = this.waiting.get(request);
    this.waiting.delete(request);
    return waiting;
  }

  private fail(error: Error): void {
    for (const request of [...this.waiting.keys()]) this.settle(request)?.reject(error);
  }
}

interface Waiting {
  resolve(measures: Float64Array): void;
  reject(error: Error): void;
}
