import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Message } from './protobuf.js';

/** Numbers of TensorFlow's data types (tensorflow/core/framework/types.proto). */
export const dataType = { float32: 1, int32: 3, uint8: 4, int64: 9, bool: 10 } as const;

export type Attribute = Message;

/** Values of a node's attributes (attr_value.proto). */
export const attribute = {
  type: (type: number): Attribute => new Message().integer(6, type),
  integer: (value: number): Attribute => new Message().integer(3, value),
  float: (value: number): Attribute => new Message().float(4, value),
  boolean: (value: boolean): Attribute => new Message().integer(5, value ? 1 : 0),
  text: (value: string): Attribute => new Message().bytes(2, value),
  shape: (shape: readonly number[]): Attribute => new Message().bytes(7, shapeMessage(shape)),
  integers: (values: readonly number[]): Attribute => new Message().bytes(1, listOf(3, values)),
  types: (values: readonly number[]): Attribute => new Message().bytes(1, listOf(6, values)),
};

/** A node's name, or more. */
export type Placement = string | { name?: string; device?: 'CPU' };

/**
 * A TensorFlow graph that is being written: nodes by name, whose inputs are outputs of other nodes (`name` or `name:1`) or
 * nodes that must have run before (`^name`).
 */
export class Graph {
  private readonly nodes: Buffer[] = [];
  private readonly names = new Set<string>();
  private readonly constants = new Map<string, string>();
  private compiling = false;
  private readonly inputs = new Map<string, readonly number[]>();

  /**
   * Has the nodes that `work` adds compiled by XLA, together, if so wanted. Operations that XLA does not know stay TensorFlow's;
   * one that it refuses fails the call that runs it first.
   */
  compile(isWanted: boolean, work: () => void): void {
    this.compiling = isWanted;
    try {
      work();
    } finally {
      this.compiling = false;
    }
  }

  get isCompiling(): boolean {
    return this.compiling;
  }

  /** Adds a node and returns its name. TensorFlow puts it on the GPU, if there is one, unless it is said to be the CPU's. */
  add(
    operation: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute> = {},
    placement: Placement = {},
  ): string {
    const { name = `n${this.nodes.length}`, device } =
      typeof placement === 'string' ? { name: placement } : placement;
    if (this.names.has(name)) throw new Error(`The graph has two nodes ${name}.`);
    this.names.add(name);
    const node = new Message().bytes(1, name).bytes(2, operation);
    for (const input of inputs) node.bytes(3, input);
    if (device) node.bytes(4, `/device:${device}:0`);
    for (const [key, value] of Object.entries(attributes)) {
      node.bytes(5, new Message().bytes(1, key).bytes(2, value));
    }
    if (this.compiling) node.bytes(5, compiled);
    this.nodes.push(node.encode());
    return name;
  }

  /** Adds a placeholder of 32 bits an element, whose bits are an int32 tensor's. */
  addInput(name: string, shape: readonly number[]): string {
    this.inputs.set(name, shape);
    const attributes = { dtype: attribute.type(dataType.int32), shape: attribute.shape(shape) };
    return this.add('Placeholder', [], attributes, name);
  }

  shapeOfInput(name: string): readonly number[] {
    const shape = this.inputs.get(name);
    if (!shape) throw new Error(`The graph has no input ${name}.`);
    return shape;
  }

  /** A constant of these bytes (little-endian); equal ones are stored once. */
  constant(type: number, shape: readonly number[], content: Uint8Array): string {
    const key = `${type} ${shape} ${createHash('sha256').update(content).digest('hex')}`;
    const known = this.constants.get(key);
    if (known) return known;
    const tensor = new Message().integer(1, type).bytes(2, shapeMessage(shape)).bytes(4, content);
    const value = new Message().bytes(8, tensor);
    const name = this.add('Const', [], { dtype: attribute.type(type), value });
    this.constants.set(key, name);
    return name;
  }

  scalar(value: number): string {
    return this.constant(dataType.float32, [], bytesOf(Float32Array.of(value)));
  }

  /** A vector of int32, such as a shape. */
  integers(values: readonly number[]): string {
    return this.constant(dataType.int32, [values.length], bytesOf(Int32Array.from(values)));
  }

  /** Writes the graph where TensorFlow's loader of saved models finds it (saved_model.proto). */
  save(folder: string): void {
    mkdirSync(folder, { recursive: true });
    const graph = new Message();
    for (const node of this.nodes) graph.bytes(1, node);
    graph.bytes(4, new Message().integer(1, producerVersion));
    const metaGraph = new Message().bytes(1, new Message().bytes(4, savedModelTag)).bytes(2, graph);
    writeFileSync(join(folder, 'saved_model.pb'), new Message().integer(1, 1).bytes(2, metaGraph).encode());
  }
}

/** The attribute of a node that XLA compiles (tensorflow/compiler/jit/defs.cc). */
const compiled = new Message().bytes(1, '_XlaCompile').bytes(2, attribute.boolean(true));

export const savedModelTag = 'serve';

/** Version of the graph's format: that of TensorFlow 2.18, which every later one reads (versions.proto). */
const producerVersion = 1882;

export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function shapeMessage(shape: readonly number[]): Message {
  const message = new Message();
  for (const side of shape) message.bytes(2, new Message().integer(1, side));
  return message;
}

function listOf(field: number, values: readonly number[]): Message {
  const list = new Message();
  for (const value of values) list.integer(field, value);
  return list;
}
