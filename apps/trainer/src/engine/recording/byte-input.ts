import * as tf from '@tensorflow/tfjs';
import { attribute, dataType, type Graph } from './graph.js';

// TensorFlow.js hands over floats and 32-bit integers, no bytes. Four bytes to an integer are a fourth of the memory and of
// the copying (to a GPU, too), and JavaScript has nothing to convert.

/** Adds node `name`, an int32 tensor of bytes that are fed as `packedBytes` under `byteInput(name)`. */
export function addByteInput(graph: Graph, name: string, shape: number[]): void {
  const packed = [shape.reduce((product, side) => product * side, 1) / 4];
  const { int32, uint8 } = dataType;
  const asInput = { dtype: attribute.type(int32), shape: attribute.shape(packed) };
  graph.add('Placeholder', [], asInput, byteInput(name));
  const asBytes = { T: attribute.type(int32), type: attribute.type(uint8) };
  const bytes = graph.add('Bitcast', [byteInput(name)], asBytes); // [packed, 4], the lowest byte first
  const asImages = { T: attribute.type(uint8), Tshape: attribute.type(int32) };
  const images = graph.add('Reshape', [bytes, graph.integers(shape)], asImages);
  graph.add('Cast', [images], { SrcT: attribute.type(uint8), DstT: attribute.type(int32) }, name);
}

/** What is fed for it. */
export const byteInput = (name: string): string => `${name}/packed`;

/** @param bytes a multiple of four of them */
export function packedBytes(bytes: Uint8Array): tf.Tensor1D {
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return tf.tensor1d(new Int32Array(buffer, byteOffset, length / 4), 'int32');
}
