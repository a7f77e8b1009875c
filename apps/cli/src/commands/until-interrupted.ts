/** Ctrl-C has stopped a work; the message says what that means for it. */
export class Interrupted extends Error {}

/**
 * Does a work that Ctrl-C stops by its signal, so that it can tidy up and say what was done. A second Ctrl-C ends the
 * process at once.
 * @throws Interrupted with `meaning`, in whatever way the work ends after Ctrl-C, unless it is done
 */
export async function untilInterrupted<T>(
  meaning: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const onInterrupt = () => stop.abort(new Interrupted(meaning));
  process.once('SIGINT', onInterrupt);
  try {
    return await work(stop.signal);
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}
