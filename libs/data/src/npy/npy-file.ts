import { type FileHandle, open } from 'node:fs/promises';
import { readNow } from '../read-now.js';
import { halfToNumber } from './half-float.js';
import { type NpyArray } from './npy-bytes.js';
import { NpyError } from './npy-error.js';
import { type NpyDtype, type NpyHeader, npyHeaderWindow, readNpyHeader } from './npy-header.js';

/** An npy array inside a file: the whole file, or a part of one (an entry stored in a zip). */
export interface NpyPlace {
  path: string;
  offset?: number;
  length?: number;
  /** How messages call it; by default its path. */
  name?: string;
}

/**
 * Opens an npy file for reading by rows. Only its header is read now, and later only the rows that are asked for.
 * @throws NpyError when it is no readable npy file, or not as long as its header says
 */
export async function openNpy(place: string | NpyPlace): Promise<NpyFile> {
  const { path, offset = 0, length, name } = typeof place === 'string' ? { path: place } : place;
  const label = name ?? path;
  const handle = await open(path, 'r');
  try {
    const bytes = length ?? (await handle.stat()).size - offset;
    const start = Buffer.alloc(Math.min(npyHeaderWindow, bytes));
    await readFully(handle, start, offset, label);
    const header = readNpyHeader(start, label);
    const expected = header.dataOffset + header.elements * header.itemBytes;
    if (bytes !== expected) {
      const trouble = bytes < expected ? 'it is cut short' : 'something follows its data';
      throw new NpyError(label, `${trouble}: ${expected} bytes expected, ${bytes} found`);
    }
    return new NpyFile(label, header, handle, offset + header.dataOffset);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** An open npy file. Rows are slices of the first side of its shape; a shape () counts as one row. */
export class NpyFile {
  /** Number of rows. */
  readonly rows: number;
  /** Elements of one row. */
  readonly rowLength: number;

  constructor(
    readonly path: string,
    readonly header: NpyHeader,
    private readonly handle: FileHandle,
    private readonly dataStart: number,
  ) {
    this.rows = header.shape[0] ?? 1;
    this.rowLength = header.shape.slice(1).reduce((product, side) => product * side, 1);
  }

  /** The rows `from` to `to` - 1 in C order, whatever the order of the file. Memory: the rows, and at most 4 MiB beside. */
  async readRows(from: number, to: number): Promise<NpyArray> {
    if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to < from || to > this.rows) {
      throw new RangeError(`${this.path} has no rows ${from} to ${to}: it has ${this.rows}.`);
    }
    const bytes = new Uint8Array((to - from) * this.rowLength * this.header.itemBytes);
    if (bytes.length > 0) {
      if (this.header.fortranOrder) await this.readColumns(bytes, from, to);
      else await this.readAt(bytes, from * this.rowLength);
    }
    return toNumbers(bytes, this.header);
  }

  /**
   * Fills `bytes` with the data from row `row` on, as it lies in the file. For arrays of bytes in C order. The thread waits:
   * what the operating system has in memory is there in a microsecond or two, and takes five times as long asynchronously.
   */
  readBytesNow(bytes: Uint8Array, row: number): void {
    const found = readNow(
      this.handle.fd,
      bytes,
      this.dataStart + row * this.rowLength * this.header.itemBytes,
    );
    if (found < bytes.length) throw endedEarly(this.path, bytes.length, found);
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  private async readAt(bytes: Uint8Array, element: number): Promise<void> {
    await readFully(this.handle, bytes, this.dataStart + element * this.header.itemBytes, this.path);
  }

  /** Fortran order: a column (all rows of one place) is contiguous, so several columns are read at once and gathered. */
  private async readColumns(bytes: Uint8Array, from: number, to: number): Promise<void> {
    const item = this.header.itemBytes;
    const columnsAtOnce = Math.max(1, Math.floor(4_194_304 / (this.rows * item)));
    const target = columnTargets(this.header.shape.slice(1));
    for (let first = 0; first < this.rowLength; first += columnsAtOnce) {
      const columns = Math.min(columnsAtOnce, this.rowLength - first);
      const block = new Uint8Array(((columns - 1) * this.rows + to - from) * item);
      await this.readAt(block, first * this.rows + from);
      for (let column = 0; column < columns; column++) {
        const place = target();
        for (let row = 0; row < to - from; row++) {
          const source = (column * this.rows + row) * item;
          const goal = (row * this.rowLength + place) * item;
          for (let byte = 0; byte < item; byte++) bytes[goal + byte] = block[source + byte]!;
        }
      }
    }
  }
}

/** Counts through the places of a row in Fortran order and gives each one's index in C order. */
function columnTargets(sides: number[]): () => number {
  const strides = sides.map((_, side) =>
    sides.slice(side + 1).reduce((product, length) => product * length, 1),
  );
  const position = sides.map(() => 0);
  return () => {
    const index = position.reduce((sum, place, side) => sum + place * strides[side]!, 0);
    for (let side = 0; side < sides.length; side++) {
      position[side]!++;
      if (position[side]! < sides[side]!) break;
      position[side] = 0;
    }
    return index;
  };
}

async function readFully(
  handle: FileHandle,
  into: Uint8Array,
  position: number,
  name: string,
): Promise<void> {
  for (let done = 0; done < into.length;) {
    const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) throw endedEarly(name, into.length, done);
    done += bytesRead;
  }
}

/** The file is shorter than it was when it was opened. */
const endedEarly = (name: string, expected: number, found: number) =>
  new NpyError(name, `it ended while it was read: ${expected} bytes expected, ${found} found`);

const arrays = {
  b1: Uint8Array,
  u1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  u8: BigUint64Array,
  i8: BigInt64Array,
  f2: Uint16Array,
  f4: Float32Array,
  f8: Float64Array,
} satisfies Record<NpyDtype, unknown>;

/** Reinterprets `bytes`, which it may turn round in place. */
function toNumbers(bytes: Uint8Array, { dtype, bigEndian, itemBytes }: NpyHeader): NpyArray {
  if (bigEndian && itemBytes > 1) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (itemBytes === 2) buffer.swap16();
    else if (itemBytes === 4) buffer.swap32();
    else buffer.swap64();
  }
  const numbers = new arrays[dtype](
    bytes.buffer as ArrayBuffer,
    bytes.byteOffset,
    bytes.byteLength / itemBytes,
  );
  return dtype === 'f2' ? Float32Array.from(numbers as Uint16Array, halfToNumber) : numbers;
}
