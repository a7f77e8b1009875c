import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Frees now what nothing refers to any more. V8 collects when its own heap has grown, and a few small objects that hold
 * hundreds of megabytes outside it may wait long. Takes some milliseconds: for once a run, not once a step.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
