import { attribute, dataType, type Graph, type Placement } from './graph.js';

const { float32, int32, uint8 } = dataType;

/** The bits of an input as floats. */
export const asFloats = (graph: Graph, input: string, placement?: Placement): string =>
  graph.add('Bitcast', [input], { T: attribute.type(int32), type: attribute.type(float32) }, placement);

/** Adds node `name`: the bytes in integers or floats of 32 bits, as int32 of the shape that they have. */
export function addUnpacking(
  graph: Graph,
  name: string,
  shape: readonly number[],
  packed: { node: string; type: number },
): void {
  const asBytes = { T: attribute.type(packed.type), type: attribute.type(uint8) };
  const bytes = graph.add('Bitcast', [packed.node], asBytes); // [n, 4], the lowest byte first
  const asImages = { T: attribute.type(uint8), Tshape: attribute.type(int32) };
  const images = graph.add('Reshape', [bytes, graph.integers(shape)], asImages);
  graph.add('Cast', [images], { SrcT: attribute.type(uint8), DstT: attribute.type(int32) }, name);
}
