import { createHash } from 'node:crypto';
import { DomainError } from '@chromatune/contracts';

/** A named float array, as libs/models describes the state of a training step. */
export interface NamedTensor {
  name: string;
  shape: number[];
  data: Float32Array;
}

/** The bytes of a safetensors file with these tensors (all F32), in the given order. */
export function encodeSafetensors(tensors: NamedTensor[], metadata: Record<string, string> = {}): Uint8Array {
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  let end = 0;
  for (const { name, shape, data } of tensors) {
    if (elementsOf(shape) !== data.length) {
      throw new RangeError(`Tensor ${name} of shape (${shape.join(', ')}) has ${data.length} elements.`);
    }
    entries.push([name, { dtype: 'F32', shape, data_offsets: [end, end + data.byteLength] }]);
    end += data.byteLength;
  }
  if (new Set(entries.map(([name]) => name)).size < entries.length)
    throw new RangeError('A tensor name stands twice.');

  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const headerBytes = Math.ceil(json.length / 8) * 8; // so that the data is aligned
  const bytes = new Uint8Array(8 + headerBytes + end).fill(0x20, 8, 8 + headerBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(json, 8);
  let position = 8 + headerBytes;
  for (const { data } of tensors) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a safetensors file of F32 tensors; each gets memory of its own.
 * @throws SafetensorsError when the bytes are cut short, or their header does not describe them exactly
 */
export function decodeSafetensors(bytes: Uint8Array): {
  tensors: NamedTensor[];
  metadata: Record<string, string>;
} {
  const { header, dataStart } = readHeader(bytes);
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors = Object.entries(entries)
    .map(([name, entry]) => ({ name, ...checkedEntry(name, entry) }))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);

  let end = 0;
  for (const { name, begin, end: tensorEnd } of tensors) {
    if (begin !== end) throw new SafetensorsError(`tensor ${name} begins at byte ${begin} instead of ${end}`);
    end = tensorEnd;
  }
  if (dataStart + end !== bytes.length) {
    throw new SafetensorsError(`${dataStart + end} bytes expected, ${bytes.length} found`);
  }
  return {
    metadata: checkedMetadata(metadata),
    tensors: tensors.map(({ name, shape, begin, end: tensorEnd }) => ({
      name,
      shape,
      data: new Float32Array(copyOf(bytes, dataStart + begin, dataStart + tensorEnd)),
    })),
  };
}

/** `slice` of a Buffer, which files are read into, would be a view of all its memory. */
const copyOf = (bytes: Uint8Array, begin: number, end: number) =>
  Uint8Array.prototype.slice.call(bytes, begin, end).buffer;

/**
 * SHA-256 of a network: its weights and moving statistics, in the order of their names. The optimizer's state, whose names
 * begin with `adam/` or `optimizer/`, does not count, so two runs can be compared whatever else they kept.
 */
export function weightsSha256(tensors: NamedTensor[]): string {
  const hash = createHash('sha256');
  const weights = tensors.filter(({ name }) => !/^(adam|optimizer)\//.test(name));
  for (const { name, shape, data } of weights.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    hash.update(JSON.stringify([name, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

/** A weights file or checkpoint that is damaged or of another kind. */
export class SafetensorsError extends DomainError {
  constructor(what: string) {
    super('unreadable_safetensors', 422, `The safetensors file cannot be read: ${what}.`, {
      remedy: 'Fetch the file again; if it stays like this, go on from an earlier checkpoint.',
    });
  }
}

/** Longest header that is believed: a ResNet-34 with its optimizer needs about 30 KiB. */
const maxHeaderBytes = 16 * 1024 * 1024;

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8) throw new SafetensorsError(`at least 8 bytes expected, ${bytes.length} found`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > maxHeaderBytes) throw new SafetensorsError(`its header claims ${length} bytes`);
  const dataStart = 8 + length;
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

function checkedEntry(name: string, entry: unknown): { shape: number[]; begin: number; end: number } {
  if (!isRecord(entry)) throw new SafetensorsError(`its header describes tensor ${name} wrongly`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (dtype !== 'F32') throw new SafetensorsError(`tensor ${name} holds ${String(dtype)} instead of F32`);
  if (!isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) {
    throw new SafetensorsError(`its header describes tensor ${name} wrongly`);
  }
  const [begin, end] = offsets as [number, number];
  if (end - begin !== elementsOf(shape) * 4) {
    throw new SafetensorsError(`tensor ${name} of shape (${shape.join(', ')}) lies in ${end - begin} bytes`);
  }
  return { shape, begin, end };
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
const elementsOf = (shape: number[]) => shape.reduce((product, side) => product * side, 1);
