import { readSync } from 'node:fs';

/** Fills `into` from `position` of an open file on, while the thread waits. Answers how many bytes there were: fewer at its end. */
export function readNow(file: number, into: Uint8Array, position: number): number {
  let done = 0;
  while (done < into.length) {
    const read = readSync(file, into, done, into.length - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return done;
}
