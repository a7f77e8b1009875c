import { type FileHandle, open } from 'node:fs/promises';
import {
  DamagedPickle,
  describe,
  PickleDict,
  PickleError,
  PickleList,
  readPickle,
  type PickleValue,
} from './pickle.js';
import { readAt } from './read-at.js';
import { elementBytes, reachOf, type StoredTensor, type WeightsFile } from './stored-tensor.js';
import { torchGlobals, type TorchStorage, TorchStorages, TorchTensor } from './torch-globals.js';
import { WeightsError } from './weights-error.js';
import { type ZipArchive } from './zip-archive.js';

/** Most bytes of the part that names tensors: 100 KB in ResNet-152. */
const mostPickleBytes = 16 * 1024 * 1024;
/** Most bytes of one tensor's storage: the largest of the encoders here has 9 MiB, VGG-16's classifier 392. */
const mostStorageBytes = 1024 ** 3;

/** Opens what `torch.save` writes since PyTorch 1.6: a zip of a pickle and one file for each storage. */
export async function openTorchZip(path: string, archive: ZipArchive, root: string): Promise<WeightsFile> {
  if (archive.sizeOf(`${root}constants.pkl`) !== null) {
    throw new WeightsError(path, 'it is a TorchScript program, not weights', {
      remedy: 'In Python: torch.save(torch.jit.load(FILE).state_dict(), "weights.pth")',
    });
  }
  const byteOrder =
    archive.sizeOf(`${root}byteorder`) === null ? null : await archive.read(`${root}byteorder`, 16);
  const { value } = explained(
    path,
    await archive.read(`${root}data.pkl`, mostPickleBytes),
    new TorchStorages(),
  );
  const read = ({ key, type, elements }: TorchStorage) => {
    const name = `${root}data/${key}`;
    const bytes = elements * elementBytes[type];
    const stored = archive.sizeOf(name);
    if (stored !== bytes)
      throw new WeightsError(path, `${name} should have ${bytes} bytes and has ${stored ?? 'none'}`);
    return archive.read(name, mostStorageBytes);
  };
  return {
    kind: 'a PyTorch file',
    tensors: tensorsOf(path, value, read, byteOrder !== null && Buffer.from(byteOrder).toString() === 'big'),
    close: async () => archive.close(),
  };
}

/** What `torch.save` puts before everything else in its old format, read as an integer. */
const legacyMagic = 0x1950a86a20f9469cfc6cn;
const legacyVersion = 1001;

/**
 * Opens what `torch.save` wrote until PyTorch 1.5, as some of torchvision's files still are: five pickles one after the
 * other (magic number, version, machine, the object, the keys of its storages), then each storage as its number of
 * elements and their bytes.
 */
export async function openTorchLegacy(path: string): Promise<WeightsFile> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const head = await readAt(handle, path, 0, Math.min(size, mostPickleBytes));
    const storages = new TorchStorages();
    const { value, keys, dataStart, bigEndian } = readLegacyHead(path, head, storages);
    const places = await placesOf(handle, { path, keys, storages, from: dataStart, size });
    const read = async (storage: TorchStorage) => {
      const place = places.get(storage.key);
      if (place === undefined) throw new WeightsError(path, `its storage ${storage.key} is missing`);
      return readAt(handle, path, place, storage.elements * elementBytes[storage.type]);
    };
    return {
      kind: 'a PyTorch file of the format before 1.6',
      tensors: tensorsOf(path, value, read, bigEndian),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function readLegacyHead(path: string, head: Uint8Array, storages: TorchStorages) {
  let position = 0;
  const next = () => {
    const { value, end } = explained(path, head.subarray(position), storages);
    position += end;
    return value;
  };
  if (next() !== legacyMagic) {
    throw new WeightsError(path, 'it is a pickle, but none of torch.save', {
      remedy: 'In Python: torch.save(STATE_DICT, "weights.pth")',
    });
  }
  const version = next();
  if (version !== legacyVersion) throw new WeightsError(path, `its format version is ${printed(version)}`);
  const machine = next();
  const bigEndian = machine instanceof PickleDict && machine.entries.get('little_endian') === false;
  const value = next();
  const keys = next();
  if (!(keys instanceof PickleList))
    throw new WeightsError(path, `its storages are listed as ${describe(keys)}`);
  return { value, keys: keys.items, dataStart: position, bigEndian };
}

/** Where the bytes of each storage begin. */
async function placesOf(
  handle: FileHandle,
  options: {
    path: string;
    keys: readonly PickleValue[];
    storages: TorchStorages;
    from: number;
    size: number;
  },
): Promise<Map<string, number>> {
  const { path, keys, storages, size } = options;
  const places = new Map<string, number>();
  let position = options.from;
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.byKey.get(key) : undefined;
    if (!storage) throw new WeightsError(path, `its storage ${printed(key)} belongs to no tensor`);
    const count = await readAt(handle, path, position, 8);
    const elements = new DataView(count.buffer, count.byteOffset).getBigInt64(0, true);
    if (elements !== BigInt(storage.elements)) {
      throw new WeightsError(
        path,
        `its storage ${storage.key} has ${elements} elements instead of ${storage.elements}`,
      );
    }
    places.set(storage.key, position + 8);
    position += 8 + storage.elements * elementBytes[storage.type];
    if (position > size)
      throw new WeightsError(path, `it is cut short: ${position} bytes expected, ${size} found`);
  }
  return places;
}

/** The tensors of the state dict in the pickle: of the dictionary that holds most, however deep it lies. */
function tensorsOf(
  path: string,
  value: PickleValue,
  read: (storage: TorchStorage) => Promise<Uint8Array>,
  bigEndian: boolean,
): StoredTensor[] {
  const readStorage = rememberLast(read);
  return largestDict(path, value).map(([name, { storage, offset, shape, strides }]) => {
    if (storage === null) throw new WeightsError(path, `its tensor ${name} was never filled`);
    const tensor = { name, shape, strides, offset, type: storage.type, bigEndian };
    if (!(reachOf(tensor) <= storage.elements)) {
      throw new WeightsError(path, `its tensor ${name} reaches beyond its ${storage.elements} numbers`);
    }
    if (storage.elements * elementBytes[storage.type] > mostStorageBytes) {
      throw new WeightsError(path, `its tensor ${name} lies in a storage of ${storage.elements} numbers`);
    }
    return { ...tensor, read: () => readStorage(storage) };
  });
}

/** Neighbours may share a storage, sometimes all of them one. */
function rememberLast(read: (storage: TorchStorage) => Promise<Uint8Array>): typeof read {
  let last: { storage: TorchStorage; bytes: Promise<Uint8Array> } | null = null;
  return (storage) => {
    if (last?.storage !== storage) last = { storage, bytes: read(storage) };
    return last.bytes;
  };
}

function largestDict(path: string, value: PickleValue): [string, TorchTensor][] {
  let largest: [string, TorchTensor][] = [];
  for (const dict of dictsIn(value)) {
    const tensors = [...dict.entries].flatMap(([name, one]): [string, TorchTensor][] =>
      typeof name === 'string' && one instanceof TorchTensor ? [[name, one]] : [],
    );
    if (tensors.length > largest.length) largest = tensors;
  }
  if (largest.length > 0) return largest;
  throw new WeightsError(path, `it holds ${describe(value)} without tensors`, {
    remedy: 'In Python: torch.save(MODEL.state_dict(), "weights.pth")',
  });
}

/** Values of a pickle may contain themselves, and each other many times: each is looked at once. */
function dictsIn(value: PickleValue): Set<PickleDict> {
  const found = new Set<PickleDict>();
  let level = new Set([value]);
  for (let depth = 0; depth < 4; depth++) {
    const next = new Set<PickleValue>();
    for (const one of level) {
      if (!(one instanceof PickleDict) || found.has(one)) continue;
      found.add(one);
      for (const inner of one.entries.values()) next.add(inner);
    }
    level = next;
  }
  return found;
}

function explained(
  path: string,
  bytes: Uint8Array,
  storages: TorchStorages,
): { value: PickleValue; end: number } {
  try {
    return readPickle(bytes, { globals: torchGlobals, persistent: (id) => storages.resolve(id) });
  } catch (error) {
    if (!(error instanceof PickleError)) throw error;
    const remedy =
      error instanceof DamagedPickle
        ? 'Check that the file was downloaded whole.'
        : 'If you trust the file, keep only its tensors, in Python: torch.save(MODEL.state_dict(), "weights.pth")';
    throw new WeightsError(path, error.message, { remedy, cause: error });
  }
}

const printed = (value: PickleValue) =>
  typeof value === 'string' || typeof value === 'number'
    ? JSON.stringify(value).slice(0, 60)
    : describe(value);
