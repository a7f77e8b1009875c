import { type NpyDtype } from './npy-header.js';

/** Numbers as they come out of an npy file. */
export type NpyArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** The bytes of an npy file (version 1, C order, little endian) with this content. `data` must match `dtype` and `shape`. */
export function npyBytes(dtype: Exclude<NpyDtype, 'f2'>, shape: number[], data: NpyArray): Uint8Array {
  const elements = shape.reduce((product, side) => product * side, 1);
  if (data.length !== elements) {
    throw new RangeError(
      `The shape (${shape.join(', ')}) has ${elements} elements, the data ${data.length}.`,
    );
  }
  const header = npyHeaderBytes(dtype, shape);
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return bytes;
}

/** Magic and header of an npy file, padded to a multiple of 64 bytes as numpy does. */
export function npyHeaderBytes(dtype: NpyDtype, shape: number[]): Uint8Array {
  const descr = (dtype.endsWith('1') ? '|' : '<') + dtype;
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sides}), }`;
  const total = Math.ceil((10 + dict.length + 1) / 64) * 64;
  const bytes = Buffer.alloc(total, ' ');
  bytes.write('\x93NUMPY\x01\x00', 0, 'latin1');
  bytes.writeUInt16LE(total - 10, 8);
  bytes.write(dict, 10, 'latin1');
  bytes[total - 1] = 0x0a;
  return bytes;
}
