import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '@chromatune/contracts';

const pausesMs = [500, 2000, 5000];

/**
 * Does a request that may be repeated: connections break, servers are started again, and queues that are full empty. A
 * refusal stays one, and so does that no trainer answered: the API has waited for it.
 */
export async function tryAgain<T>(request: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await request();
    } catch (error) {
      const pause = pausesMs[attempt];
      if (!isPassing(error) || pause === undefined) throw error;
      await sleep(pause, undefined, { signal });
    }
  }
}

const isPassing = (error: unknown) =>
  error instanceof DomainError &&
  [429, 502, 503, 504].includes(error.status) &&
  error.code !== 'no_trainer_answered';
