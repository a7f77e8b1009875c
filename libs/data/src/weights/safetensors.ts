import { DomainError } from '@chromatune/contracts';
import { elementsOf } from './stored-tensor.js';

export interface NamedShape {
  name: string;
  shape: number[];
}

/** A named float array, as libs/models describes the state of a training step. */
export interface NamedTensor extends NamedShape {
  data: Float32Array;
}

/** Named float arrays that are read one at a time: all together they may be most of a machine's memory. */
export interface TensorReader {
  readonly tensors: readonly NamedShape[];
  read(name: string): Float32Array;
}

/** The bytes of a safetensors file with these tensors (all F32), in the given order. */
export function encodeSafetensors(tensors: NamedTensor[], metadata: Record<string, string> = {}): Uint8Array {
  const wrong = tensors.find(({ shape, data }) => elementsOf(shape) !== data.length);
  if (wrong) {
    const { name, shape, data } = wrong;
    throw new RangeError(`Tensor ${name} of shape (${shape.join(', ')}) has ${data.length} elements.`);
  }
  const parts = [safetensorsHeader(tensors, metadata), ...tensors.map(({ data }) => bytesOf(data))];
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
}

/** What a safetensors file begins with, whose F32 tensors follow in the given order, without gaps. */
export function safetensorsHeader(
  tensors: readonly NamedShape[],
  metadata: Record<string, string> = {},
): Uint8Array {
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  let end = 0;
  for (const { name, shape } of tensors) {
    const begin = end;
    end += elementsOf(shape) * 4;
    entries.push([name, { dtype: 'F32', shape, data_offsets: [begin, end] }]);
  }
  if (new Set(entries.map(([name]) => name)).size < entries.length)
    throw new RangeError('A tensor name stands twice.');

  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const jsonBytes = Math.ceil(json.length / 8) * 8; // so that the data is aligned
  const header = new Uint8Array(8 + jsonBytes).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(jsonBytes), true);
  header.set(json, 8);
  return header;
}

/** The bytes of numbers, as safetensors has them: little endian, as all processors that Node.js runs on. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/**
 * Reads a safetensors file of F32 tensors; each gets memory of its own.
 * @throws SafetensorsError when the bytes are cut short, or their header does not describe them exactly
 */
export function decodeSafetensors(bytes: Uint8Array): {
  tensors: NamedTensor[];
  metadata: Record<string, string>;
} {
  const { entries, metadata, dataStart } = readSafetensorsHeader(bytes, bytes.length);
  requireFloats(entries);
  return {
    metadata,
    tensors: entries.map(({ name, shape, begin, end }) => ({
      name,
      shape,
      data: new Float32Array(copyOf(bytes, dataStart + begin, dataStart + end)),
    })),
  };
}

/** @throws SafetensorsError when there are tensors of another type */
export function requireFloats(entries: SafetensorsEntry[]): void {
  const other = entries.find(({ dtype }) => dtype !== 'F32');
  if (other) throw new SafetensorsError(`tensor ${other.name} holds ${other.dtype} instead of F32`);
}

export interface SafetensorsEntry {
  name: string;
  dtype: string;
  shape: number[];
  /** First byte and the one after the last, counted from the start of the data. */
  begin: number;
  end: number;
}

/** Bytes from the start of a safetensors file that hold its whole header, known from its first 8. */
export function safetensorsHeaderBytes(first: Uint8Array): number {
  if (first.length < 8) throw new SafetensorsError(`at least 8 bytes expected, ${first.length} found`);
  const length = Number(new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true));
  if (length > maxHeaderBytes) throw new SafetensorsError(`its header claims ${length} bytes`);
  return 8 + length;
}

/**
 * Reads the header of a safetensors file of `fileBytes` bytes that begins with `bytes`; the entries are in the order of
 * their data.
 * @throws SafetensorsError when it does not describe the file exactly
 */
export function readSafetensorsHeader(
  bytes: Uint8Array,
  fileBytes: number,
): { entries: SafetensorsEntry[]; metadata: Record<string, string>; dataStart: number } {
  const { header, dataStart } = parseHeader(bytes);
  const { __metadata__: metadata = {}, ...named } = header;
  const entries = Object.entries(named)
    .map(([name, entry]) => ({ name, ...checkedEntry(name, entry) }))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const { name, begin, end: entryEnd } of entries) {
    if (begin !== end) throw new SafetensorsError(`tensor ${name} begins at byte ${begin} instead of ${end}`);
    end = entryEnd;
  }
  if (dataStart + end !== fileBytes) {
    throw new SafetensorsError(`${dataStart + end} bytes expected, ${fileBytes} found`);
  }
  return { entries, metadata: checkedMetadata(metadata), dataStart };
}

/** `slice` of a Buffer, which files are read into, would be a view of all its memory. */
const copyOf = (bytes: Uint8Array, begin: number, end: number) =>
  Uint8Array.prototype.slice.call(bytes, begin, end).buffer;

/** A weights file or checkpoint that is damaged or of another kind. */
export class SafetensorsError extends DomainError {
  constructor(readonly what: string) {
    super('unreadable_safetensors', 422, `The safetensors file cannot be read: ${what}.`, {
      remedy: 'Fetch the file again; if it stays like this, go on from an earlier checkpoint.',
    });
  }
}

/** Longest header that is believed: a ResNet-34 with its optimizer needs about 30 KiB. */
const maxHeaderBytes = 16 * 1024 * 1024;

function parseHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  const dataStart = safetensorsHeaderBytes(bytes);
  if (dataStart > bytes.length)
    throw new SafetensorsError(`${dataStart} bytes expected, ${bytes.length} found`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, dataStart)));
  } catch {
    throw new SafetensorsError('its header is not JSON');
  }
  if (!isRecord(header)) throw new SafetensorsError('its header is not a JSON object');
  return { header, dataStart };
}

/** Bytes of one number, of the types that weights come in. */
const dtypeBytes: Record<string, number> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

function checkedEntry(name: string, entry: unknown): Omit<SafetensorsEntry, 'name'> {
  if (!isRecord(entry)) throw new SafetensorsError(`its header describes tensor ${name} wrongly`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypeBytes, dtype)) {
    throw new SafetensorsError(`tensor ${name} holds ${String(dtype)}, which is unknown`);
  }
  if (!isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) {
    throw new SafetensorsError(`its header describes tensor ${name} wrongly`);
  }
  const [begin, end] = offsets as [number, number];
  if (end - begin !== elementsOf(shape) * dtypeBytes[dtype]!) {
    throw new SafetensorsError(`tensor ${name} of shape (${shape.join(', ')}) lies in ${end - begin} bytes`);
  }
  return { dtype, shape, begin, end };
}

function checkedMetadata(metadata: unknown): Record<string, string> {
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    throw new SafetensorsError('its metadata is not a list of texts');
  }
  return metadata as Record<string, string>;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
