import { closeSync, fstatSync, openSync } from 'node:fs';
import { readNow } from '../read-now.js';
import {
  readSafetensorsHeader,
  requireFloats,
  type SafetensorsEntry,
  SafetensorsError,
  safetensorsHeaderBytes,
  type TensorReader,
} from './safetensors.js';

/** An open safetensors file of F32 tensors. The thread waits for what it reads. */
export class SafetensorsFile implements TensorReader {
  private readonly entries: Map<string, SafetensorsEntry>;

  private constructor(
    private readonly file: number,
    readonly tensors: readonly SafetensorsEntry[],
    readonly metadata: Record<string, string>,
    private readonly dataStart: number,
  ) {
    this.entries = new Map(tensors.map((entry) => [entry.name, entry]));
  }

  /** @throws SafetensorsError when the file is cut short, or its header does not describe it exactly */
  static open(path: string): SafetensorsFile {
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      const start = bytesAt(file, 0, Math.min(8, size));
      const head = bytesAt(file, 0, Math.min(safetensorsHeaderBytes(start), size));
      const { entries, metadata, dataStart } = readSafetensorsHeader(head, size);
      requireFloats(entries);
      return new SafetensorsFile(file, entries, metadata, dataStart);
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  read(name: string): Float32Array {
    const { begin, end } = this.entries.get(name)!;
    return new Float32Array(bytesAt(this.file, this.dataStart + begin, end - begin).buffer);
  }

  close(): void {
    closeSync(this.file);
  }
}

/** @throws SafetensorsError when the file ends before */
function bytesAt(file: number, position: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  const found = readNow(file, bytes, position);
  if (found === length) return bytes;
  throw new SafetensorsError(`${position + length} bytes expected, ${position + found} found`);
}
