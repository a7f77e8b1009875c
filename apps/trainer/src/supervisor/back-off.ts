import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '@chromatune/contracts';
import { DatabaseUnavailable } from '@chromatune/database';
import { ObjectStoreUnavailable } from '@chromatune/storage';

const firstMs = 200;
const longestMs = 5_000;

/** Waits a little longer after each failure in a row, up to 5 s, with a random part so that many do not return at once. */
export function backOff(failures: number, signal?: AbortSignal): Promise<void> {
  const ms = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 10)) * (0.75 + Math.random() / 2);
  return sleep(ms, undefined, signal ? { signal } : {});
}

export interface RetryOptions {
  signal: AbortSignal;
  /** Whether the error may pass by itself. Others are thrown at once. */
  mayPass: (error: unknown, failures: number) => boolean | Promise<boolean>;
  onFailure: (error: unknown, failures: number) => void;
}

/** Repeats `work` until it succeeds. @throws the error of `work` that will not pass, or an AbortError */
export async function persist<T>(
  work: () => Promise<T>,
  { signal, mayPass, onFailure }: RetryOptions,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (!(await mayPass(error, failures))) throw error;
      onFailure(error, failures);
      await backOff(failures, signal);
    }
  }
}

/** Whether an error stays until a person does what it says. Others may pass: a service is away, or nobody expected them. */
export const needsPerson = (error: unknown): error is DomainError =>
  error instanceof DomainError &&
  !(error instanceof DatabaseUnavailable) &&
  !(error instanceof ObjectStoreUnavailable);
