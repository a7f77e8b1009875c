import { type FileHandle, open } from 'node:fs/promises';
import { NotNumbers, NpyError } from '../npy/npy-error.js';
import { type NpyDtype, type NpyHeader, npyHeaderWindow, readNpyHeader } from '../npy/npy-header.js';
import { readAt } from './read-at.js';
import { readSafetensorsHeader, SafetensorsError, safetensorsHeaderBytes } from './safetensors.js';
import {
  contiguousStrides,
  elementBytes,
  elementsOf,
  type ElementType,
  type StoredTensor,
  type WeightsFile,
} from './stored-tensor.js';
import { openTorchLegacy, openTorchZip } from './torch-file.js';
import { WeightsError } from './weights-error.js';
import { ZipArchive } from './zip-archive.js';

/**
 * Opens a file of weights, whatever program wrote it: PyTorch (.pth, .pt, of any version), safetensors, npz. Only what
 * names the tensors is read now. The kind is told by the content, never by the name.
 * @throws WeightsError or NpyError with what is wrong
 */
export async function openWeightsFile(path: string): Promise<WeightsFile> {
  const start = await firstBytes(path, 512);
  const begins = (text: string) => start.subarray(0, text.length).equals(Buffer.from(text, 'latin1'));
  if (begins('PK\x03\x04') || begins('PK\x05\x06')) return openZip(path);
  if (start[0] === 0x80) return openTorchLegacy(path);
  for (const [isSo, what, remedy] of foreignKinds) {
    if (isSo(start)) throw new WeightsError(path, what, { remedy });
  }
  if (start.length >= 9 && start[8] === 0x7b) return openSafetensors(path, start);
  throw new WeightsError(path, 'it is no PyTorch file, no safetensors and no npz', {
    remedy: 'Weights come as .pth or .pt of PyTorch, as .safetensors or as .npz.',
  });
}

/** Kinds of files that people have, and what to do with them. */
const foreignKinds: [(start: Buffer) => boolean, string, string][] = [
  [
    (start) => start.subarray(1, 6).toString('latin1') === 'NUMPY',
    'it is a single array without a name',
    'Put all arrays into one file, named as PyTorch does: numpy.savez("weights.npz", **{"conv1.weight": …})',
  ],
  [
    (start) => start.subarray(1, 4).toString('latin1') === 'HDF',
    'it is an HDF5 file, as Keras writes them',
    'Fetch the weights of torchvision instead, or write the arrays to an npz under the names of PyTorch.',
  ],
  [
    (start) => start.subarray(257, 262).toString('latin1') === 'ustar',
    'it is a tar, as PyTorch wrote them before version 0.1.10',
    'In Python, with PyTorch: torch.save(torch.load(FILE), "weights.pth")',
  ],
];

async function openZip(path: string): Promise<WeightsFile> {
  const archive = await ZipArchive.open(path);
  try {
    const pickles = archive.names.filter((name) => /^([^/]+\/)?data\.pkl$/.test(name));
    if (pickles.length === 1)
      return await openTorchZip(path, archive, pickles[0]!.slice(0, -'data.pkl'.length));
    if (archive.names.some((name) => name.endsWith('.npy'))) return await openNpz(path, archive);
    throw new WeightsError(path, 'it is a zip, but neither of PyTorch nor of numpy');
  } catch (error) {
    archive.close();
    throw error;
  }
}

/** Most bytes of one array: VGG-16's largest has 392 MiB. */
const mostArrayBytes = 1024 ** 3;

const npyTypes: Partial<Record<NpyDtype, ElementType>> = {
  f2: 'f2',
  f4: 'f4',
  f8: 'f8',
  i8: 'i8',
  u8: 'i8',
  i4: 'i4',
  u4: 'i4',
  i2: 'i2',
  u2: 'i2',
  i1: 'i1',
  u1: 'u1',
  b1: 'u1',
};

/** Each array's name is its entry's, without ".npy". */
async function openNpz(path: string, archive: ZipArchive): Promise<WeightsFile> {
  const tensors: StoredTensor[] = [];
  for (const entry of archive.names.filter((name) => name.endsWith('.npy'))) {
    tensors.push(await openArray(archive, entry, `${path}/${entry}`));
  }
  if (tensors.every(({ type }) => type === 'other')) await tensors[0]!.read(); // which says why it holds no numbers
  return { kind: 'an npz of numpy', tensors, close: async () => archive.close() };
}

async function openArray(archive: ZipArchive, entry: string, label: string): Promise<StoredTensor> {
  const name = entry.slice(0, -'.npy'.length);
  const start = await archive.readStart(entry, npyHeaderWindow);
  let header: NpyHeader;
  try {
    header = readNpyHeader(start, label);
  } catch (error) {
    if (!(error instanceof NotNumbers)) throw error;
    // no part of a network, unless its name says so
    const read = () => Promise.reject(error);
    return { name, shape: [], type: 'other', bigEndian: false, strides: [], offset: 0, read };
  }
  const { shape, dtype, bigEndian, fortranOrder, dataOffset } = header;
  const expected = dataOffset + header.elements * header.itemBytes;
  const found = archive.sizeOf(entry);
  if (found !== expected) throw new NpyError(label, `${expected} bytes expected, ${found} found`);
  return {
    name,
    shape,
    type: npyTypes[dtype]!,
    bigEndian,
    strides: fortranOrder ? contiguousStrides([...shape].reverse()).reverse() : contiguousStrides(shape),
    offset: 0,
    read: async () => (await archive.read(entry, mostArrayBytes)).subarray(dataOffset),
  };
}

const safetensorsTypes: Record<string, ElementType> = {
  F64: 'f8',
  F32: 'f4',
  F16: 'f2',
  BF16: 'bf2',
  I64: 'i8',
  I32: 'i4',
  I16: 'i2',
  I8: 'i1',
  U8: 'u1',
  BOOL: 'u1',
};

async function openSafetensors(path: string, start: Buffer): Promise<WeightsFile> {
  const handle = await open(path, 'r');
  try {
    const head = await firstBytes(path, safetensorsHeaderBytes(start));
    const { entries, dataStart } = readSafetensorsHeader(head, (await handle.stat()).size);
    const tensors = entries.map(({ name, dtype, shape, begin }): StoredTensor => {
      const type = safetensorsTypes[dtype]!;
      const bytes = elementsOf(shape) * elementBytes[type];
      const read = () => readAt(handle, path, dataStart + begin, bytes);
      return { name, shape, type, bigEndian: false, strides: contiguousStrides(shape), offset: 0, read };
    });
    return { kind: 'a safetensors file', tensors, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error instanceof SafetensorsError ? new WeightsError(path, error.what, { cause: error }) : error;
  }
}

async function firstBytes(path: string, length: number): Promise<Buffer> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    await handle.close();
  }
}

function unreadable(path: string, cause: unknown): WeightsError {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'EISDIR') {
    const remedy = 'Name a file in it: .pth or .pt of PyTorch, .safetensors or .npz.';
    return new WeightsError(path, 'it is a folder', { remedy, cause });
  }
  const why = code === 'ENOENT' ? 'there is no such file' : message;
  return new WeightsError(path, `it cannot be read: ${why}`, { remedy: 'Check its name.', cause });
}
