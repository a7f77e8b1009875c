import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '@chromatune/contracts';

const pausesMs = [500, 2000, 5000];

/** Does a request that may be repeated: connections break and servers are started again; a refusal stays one. */
export async function tryAgain<T>(request: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await request();
    } catch (error) {
      const pause = pausesMs[attempt];
      const isPassing = error instanceof DomainError && error.status >= 502 && error.status <= 504;
      if (!isPassing || pause === undefined) throw error;
      await sleep(pause);
    }
  }
}
