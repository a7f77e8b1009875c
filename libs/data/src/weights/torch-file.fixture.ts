import { zipOf } from '../import/zip.fixture.js';

/** Operations of a pickle, as bytes: enough to write what torch.save writes, and what attackers write. */
export const pickle = {
  of: (...operations: Uint8Array[]) =>
    Buffer.concat([Buffer.from([0x80, 2]), ...operations, Buffer.from('.')]),
  op: (code: string) => Buffer.from(code, 'latin1'),
  none: Buffer.from('N'),
  mark: Buffer.from('('),
  text: (text: string) =>
    Buffer.concat([Buffer.from('X'), uint32(Buffer.byteLength(text)), Buffer.from(text)]),
  int: (value: number) => Buffer.concat([Buffer.from('J'), int32(value)]),
  bool: (value: boolean) => Buffer.from([value ? 0x88 : 0x89]),
  tuple: (...items: Uint8Array[]) => Buffer.concat([Buffer.from('('), ...items, Buffer.from('t')]),
  list: (...items: Uint8Array[]) => Buffer.concat([Buffer.from(']('), ...items, Buffer.from('e')]),
  dict: (entries: [Uint8Array, Uint8Array][]) =>
    Buffer.concat([Buffer.from('}('), ...entries.flat(), Buffer.from('u')]),
  global: (name: string) => {
    const dot = name.lastIndexOf('.');
    return Buffer.from(`c${name.slice(0, dot)}\n${name.slice(dot + 1)}\n`);
  },
  call: (callee: Uint8Array, ...args: Uint8Array[]) =>
    Buffer.concat([callee, pickle.tuple(...args), Buffer.from('R')]),
  build: (target: Uint8Array, state: Uint8Array) => Buffer.concat([target, state, Buffer.from('b')]),
  persistent: (id: Uint8Array) => Buffer.concat([id, Buffer.from('Q')]),
  put: (index: number) => Buffer.from([0x71, index]),
  get: (index: number) => Buffer.from([0x68, index]),
};

export interface FakeTensor {
  name: string;
  shape: number[];
  data: Float32Array | Float64Array | BigInt64Array;
}

/** `torch.save(OrderedDict(tensors), …)`, in a zip as PyTorch writes it. */
export function torchZip(
  tensors: FakeTensor[],
  { deflate = false, wrap = (dict: Buffer) => dict } = {},
): Buffer {
  const dict = pickle.call(
    pickle.global('collections.OrderedDict'),
    pickle.list(
      ...tensors.map((tensor, index) => pickle.tuple(pickle.text(tensor.name), tensorValue(tensor, index))),
    ),
  );
  return torchZipOf(
    pickle.of(wrap(dict)),
    tensors.map(({ data }) => data),
    deflate,
  );
}

/** A zip like PyTorch's of any pickle and storages. */
export function torchZipOf(
  dataPkl: Uint8Array,
  storages: FakeTensor['data'][] = [],
  deflate = false,
): Buffer {
  const entries: Record<string, Uint8Array> = { 'archive/data.pkl': dataPkl };
  storages.forEach((data, index) => {
    entries[`archive/data/${index}`] = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  });
  return zipOf({ ...entries, 'archive/version': Buffer.from('3\n') }, deflate);
}

export function storageValue({ data }: Pick<FakeTensor, 'data'>, key: number | string): Buffer {
  const type = data instanceof Float32Array ? 'Float' : data instanceof Float64Array ? 'Double' : 'Long';
  return pickle.persistent(
    pickle.tuple(
      pickle.text('storage'),
      pickle.global(`torch.${type}Storage`),
      pickle.text(String(key)),
      pickle.text('cpu'),
      pickle.int(data.length),
    ),
  );
}

function tensorValue(tensor: FakeTensor, key: number): Buffer {
  const strides = tensor.shape.map((_, side) => tensor.shape.slice(side + 1).reduce((a, b) => a * b, 1));
  return pickle.call(
    pickle.global('torch._utils._rebuild_tensor_v2'),
    storageValue(tensor, key),
    pickle.int(0),
    pickle.tuple(...tensor.shape.map(pickle.int)),
    pickle.tuple(...strides.map(pickle.int)),
    pickle.bool(false),
    pickle.call(pickle.global('collections.OrderedDict')),
  );
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
