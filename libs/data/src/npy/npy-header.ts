import { NotNumbers, NpyError } from './npy-error.js';
import { parsePythonLiteral, type PythonLiteral } from './python-literal.js';

/** Element types that are read as numbers. Half floats are widened, 64-bit integers become BigInt arrays. */
export type NpyDtype = 'b1' | 'u1' | 'i1' | 'u2' | 'i2' | 'u4' | 'i4' | 'u8' | 'i8' | 'f2' | 'f4' | 'f8';

export interface NpyHeader {
  version: 1 | 2 | 3;
  dtype: NpyDtype;
  bigEndian: boolean;
  fortranOrder: boolean;
  shape: number[];
  /** Bytes of one element. */
  itemBytes: number;
  /** Elements of the array: 1 for shape (), 0 for a shape like (0, 5). */
  elements: number;
  /** Where the data begins, counted from the magic. Any number: old writers aligned to 16, some not at all. */
  dataOffset: number;
}

/** Longest header text that is believed: numpy itself stops at 10,000 characters. */
const maxHeaderBytes = 65_536;
/** Bytes from the start of a file that always hold its whole header. */
export const npyHeaderWindow = 12 + maxHeaderBytes;

/**
 * Reads the header of an npy file (format versions 1 to 3) from its first bytes.
 * @param name of the file, for messages
 * @throws NpyError when it is no npy file; NotNumbers, also one, when it cannot be read as plain numbers
 */
export function readNpyHeader(bytes: Uint8Array, name = 'the npy data'): NpyHeader {
  const { version, text, dataOffset } = headerText(bytes, name);
  const fields = headerFields(text, name);
  const shape = readShape(fields.shape, name);
  const type = readDescr(fields.descr, name);
  const elements = shape.reduce((product, side) => product * side, 1);
  if (elements * type.itemBytes > Number.MAX_SAFE_INTEGER / 2) {
    throw new NpyError(name, `its shape (${shape.join(', ')}) is larger than any file`);
  }
  return { version, ...type, fortranOrder: fields.fortranOrder, shape, elements, dataOffset };
}

function headerText(bytes: Uint8Array, name: string) {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (bytes.length < 10 || magic.some((byte, index) => bytes[index] !== byte)) {
    throw new NpyError(name, 'it does not begin as npy files do');
  }
  const version = bytes[6]!;
  if (version !== 1 && version !== 2 && version !== 3) {
    throw new NpyError(name, `its format version is ${version}.${bytes[7]}; known are 1, 2 and 3`);
  }
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) throw new NpyError(name, 'it ends inside its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > maxHeaderBytes) {
    throw new NpyError(
      name,
      `its header claims ${length} bytes; ${maxHeaderBytes} is the most that makes sense`,
    );
  }
  const dataOffset = start + length;
  if (bytes.length < dataOffset) {
    throw new NpyError(
      name,
      `it ends inside its header: ${dataOffset} bytes expected, ${bytes.length} found`,
    );
  }
  const text = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(bytes.subarray(start, dataOffset));
  return { version: version as 1 | 2 | 3, text, dataOffset };
}

function headerFields(text: string, name: string) {
  let literal: PythonLiteral;
  try {
    literal = parsePythonLiteral(text);
  } catch (error) {
    throw new NpyError(name, `its header cannot be read: ${(error as Error).message}`);
  }
  if (literal.type !== 'dict') throw new NpyError(name, 'its header is not a dictionary');
  const fields = literal.value;
  const keys = [...fields.keys()].sort().join(', ');
  if (keys !== 'descr, fortran_order, shape') {
    throw new NpyError(
      name,
      `its header has the keys (${keys.slice(0, 200)}) instead of descr, fortran_order, shape`,
    );
  }
  const fortranOrder = fields.get('fortran_order')!;
  if (fortranOrder.type !== 'bool')
    throw new NpyError(name, 'fortran_order in its header is not True or False');
  return { descr: fields.get('descr')!, shape: fields.get('shape')!, fortranOrder: fortranOrder.value };
}

function readShape(literal: PythonLiteral, name: string): number[] {
  if (literal.type !== 'tuple') throw new NpyError(name, 'the shape in its header is not a tuple');
  if (literal.value.length > 32)
    throw new NpyError(name, `its shape has ${literal.value.length} sides; 32 is the most`);
  return literal.value.map((side) => {
    if (side.type !== 'int' || side.value < 0 || !Number.isSafeInteger(side.value)) {
      throw new NpyError(name, 'a side of its shape is not a count');
    }
    return side.value;
  });
}

const itemBytes: Record<NpyDtype, number> = {
  b1: 1,
  u1: 1,
  i1: 1,
  u2: 2,
  i2: 2,
  f2: 2,
  u4: 4,
  i4: 4,
  f4: 4,
  u8: 8,
  i8: 8,
  f8: 8,
};

function readDescr(literal: PythonLiteral, name: string) {
  if (literal.type !== 'str') throw new NotNumbers(name, 'it holds records, not plain numbers');
  const descr = literal.value;
  if (/^[<>|=]?O/.test(descr)) {
    throw new NotNumbers(name, 'it holds Python objects (pickled), which could run any code when read', {
      remedy:
        'Save it again as plain numbers: array.astype("uint8") makes them of pictures, array.astype("float32") of weights.',
    });
  }
  const match = /^([<>|=]?)([a-z][0-9]+)$/.exec(descr);
  const dtype = match?.[2] as NpyDtype;
  if (!match || !Object.hasOwn(itemBytes, dtype)) {
    throw new NotNumbers(
      name,
      `its element type is ${JSON.stringify(descr.slice(0, 40))}, which is not a plain number`,
    );
  }
  return { dtype, bigEndian: match[1] === '>', itemBytes: itemBytes[dtype] };
}
