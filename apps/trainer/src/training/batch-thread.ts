import { trainBatches } from '@chromatune/data';
import { parentPort } from 'node:worker_threads';
import {
  batchesAhead,
  type EpochOptions,
  type FromBatchThread,
  toPlainError,
  type ToBatchThread,
} from './batch-messages.js';

// The thread that reads, crops and mirrors training images, while the main thread waits for TensorFlow.
const port = parentPort!;
const send = (message: FromBatchThread, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

let lastRequest = 0;
const waiting = new Map<number, (paths: Record<string, string>) => void>();
let used: () => void = () => undefined;
let stop: () => void = () => undefined;

port.on('message', (message: ToBatchThread) => {
  if (message.type === 'epoch') void makeEpoch(message.options);
  else if (message.type === 'used') used();
  else if (message.type === 'stop') stop();
  else {
    waiting.get(message.request)!(message.paths);
    waiting.delete(message.request);
  }
});

function askForFiles(names: string[]): Promise<Record<string, string>> {
  const request = ++lastRequest;
  send({ type: 'needFiles', request, names });
  return new Promise((answer) => waiting.set(request, answer));
}

async function makeEpoch(options: EpochOptions): Promise<void> {
  let ready = 0;
  let stopped = false;
  let wake = () => {};
  used = () => {
    ready--;
    wake();
  };
  stop = () => {
    stopped = true;
    wake();
  };
  try {
    for await (const batch of trainBatches({ ...options, files: askForFiles })) {
      send({ type: 'batch', batch }, [batch.l.buffer as ArrayBuffer, batch.ab.buffer as ArrayBuffer]);
      ready++;
      while (ready >= batchesAhead && !stopped) await new Promise<void>((resolve) => (wake = resolve));
      if (stopped) break;
    }
    send({ type: 'end' });
  } catch (error) {
    send({ type: 'failed', error: toPlainError(error) });
  }
}
