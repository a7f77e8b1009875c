import { halfToNumber } from '../npy/half-float.js';

/** Element types that weights come in, and the integers and what are no numbers that stand beside them. */
export type ElementType = 'f2' | 'bf2' | 'f4' | 'f8' | 'i8' | 'i4' | 'i2' | 'i1' | 'u1' | 'other';

export const elementBytes: Record<ElementType, number> = {
  f2: 2,
  bf2: 2,
  f4: 4,
  f8: 8,
  i8: 8,
  i4: 4,
  i2: 2,
  i1: 1,
  u1: 1,
  other: 0,
};

export const isFloat = (type: ElementType) => type.endsWith('f2') || type === 'f4' || type === 'f8';

/** A tensor of a weights file that was looked at, but not read: memory is only taken for what is wanted. */
export interface StoredTensor {
  name: string;
  shape: number[];
  type: ElementType;
  bigEndian: boolean;
  /** Elements between neighbours along each side: tensors of PyTorch may be views of others. */
  strides: number[];
  /** Elements before the first one. */
  offset: number;
  /** The bytes that it lies in. */
  read: () => Promise<Uint8Array>;
}

/** An open file of weights. */
export interface WeightsFile {
  /** "a PyTorch file", for people. */
  kind: string;
  tensors: StoredTensor[];
  close: () => Promise<void>;
}

/** Strides of a tensor whose last side is contiguous. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let elements = 1;
  for (let side = shape.length - 1; side >= 0; side--) {
    strides[side] = elements;
    elements *= shape[side]!;
  }
  return strides;
}

export const elementsOf = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);

/** The highest index of its bytes' elements that a tensor touches, plus 1; 0 when it has no elements. */
export function reachOf({
  shape,
  strides,
  offset,
}: Pick<StoredTensor, 'shape' | 'strides' | 'offset'>): number {
  if (elementsOf(shape) === 0) return 0;
  return shape.reduce((reach, side, index) => reach + (side - 1) * strides[index]!, offset) + 1;
}

/**
 * Reads a tensor into float32, its sides in the order `sides` names (by default their own), last one contiguous.
 * @throws RangeError when its bytes are fewer than it needs; float64 beyond float32 becomes infinite
 */
export async function readFloats(
  tensor: StoredTensor,
  sides = tensor.shape.map((_, side) => side),
): Promise<Float32Array> {
  const bytes = await tensor.read();
  if (reachOf(tensor) * elementBytes[tensor.type] > bytes.length) {
    throw new RangeError(`${tensor.name} needs more than its ${bytes.length} bytes`);
  }
  const element = elementReader(bytes, tensor);
  const floats = new Float32Array(elementsOf(tensor.shape));
  const lengths = sides.map((side) => tensor.shape[side]!);
  const strides = sides.map((side) => tensor.strides[side]!);
  const position = lengths.map(() => 0);
  let source = tensor.offset;
  for (let index = 0; index < floats.length; index++) {
    floats[index] = element(source);
    for (let side = lengths.length - 1; side >= 0; side--) {
      source += strides[side]!;
      if (++position[side]! < lengths[side]!) break;
      source -= lengths[side]! * strides[side]!;
      position[side] = 0;
    }
  }
  return floats;
}

function elementReader(bytes: Uint8Array, { type, bigEndian }: StoredTensor): (index: number) => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = !bigEndian;
  switch (type) {
    case 'f4':
      return (index) => view.getFloat32(index * 4, little);
    case 'f8':
      return (index) => view.getFloat64(index * 8, little);
    case 'f2':
      return (index) => halfToNumber(view.getUint16(index * 2, little));
    case 'bf2':
      return (index) => bfloatToNumber(view.getUint16(index * 2, little));
    default:
      throw new RangeError(`${type} is no type of floats`);
  }
}

const scratch = new DataView(new ArrayBuffer(4));
/** bfloat16 is the upper half of a float32. */
function bfloatToNumber(bits: number): number {
  scratch.setUint32(0, bits * 0x10000);
  return scratch.getFloat32(0);
}
