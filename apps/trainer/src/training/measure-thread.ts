import { parentPort, workerData } from 'node:worker_threads';
import { type Measured, type MeasureOptions, pictureMeasurer, type ToMeasure } from './measure-pictures.js';

// A thread that measures pictures, while the main thread evaluates the next ones.
const port = parentPort!;
const measure = pictureMeasurer(workerData as MeasureOptions);

port.on('message', ({ request, batch, predicted }: ToMeasure) => {
  const measures = measure(batch, predicted);
  const answer: Measured = { request, measures };
  port.postMessage(answer, [measures.buffer as ArrayBuffer]);
});
