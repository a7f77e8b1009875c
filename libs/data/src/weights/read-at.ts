import { type FileHandle } from 'node:fs/promises';
import { WeightsError } from './weights-error.js';

/** `length` bytes of an open file from `position` on. @throws WeightsError when it ends before */
export async function readAt(
  handle: FileHandle,
  path: string,
  position: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) {
      throw new WeightsError(
        path,
        `it is cut short: ${position + length} bytes expected, ${position + done} found`,
      );
    }
    done += bytesRead;
  }
  return bytes;
}
