import * as tf from '@tensorflow/tfjs';
import type { TensorFlowBackend } from '../tensorflow-addon.js';
import { type Attribute, attribute, bytesOf, dataType, type Graph } from './graph.js';

type Binding = TensorFlowBackend['binding'];
type OpAttribute = Parameters<Binding['executeOp']>[1][number];
type Metadata = ReturnType<Binding['executeOp']>[number];

/** Something that a graph cannot hold, named. Freezing it silently would train on wrong numbers. */
export class RecordingRefused extends Error {
  constructor(message: string) {
    super(`The training step cannot be recorded: ${message}`);
    this.name = 'RecordingRefused';
  }
}

export interface RecordOptions<T> {
  backend: TensorFlowBackend;
  graph: Graph;
  /** Tensors whose values the graph will get elsewhere, and the node that gives each. Only their shapes are used here. */
  given: ReadonlyMap<tf.Tensor, string>;
  /** Tensors from before that the graph is to contain with their present values. */
  constants: readonly tf.Tensor[];
  /** Plain TensorFlow.js operations; what it makes is freed. */
  build: () => T;
  /** Takes what `build` returned, and where each tensor of it is found in the graph. */
  use: (result: T, nodeOf: (tensor: tf.Tensor) => string) => void;
}

/**
 * Records the tensor operations of `build` as nodes of a TensorFlow graph.
 *
 * TensorFlow.js sends every operation through `backend.binding.executeOp`. Here each is computed by itself, on zeros of the
 * right shape, only to learn the shape of its outputs, and is freed at once: so recording takes the memory of one operation,
 * not that of a training step. What depends on constants alone (shapes, axes, tables) is really computed, because
 * TensorFlow.js looks at such numbers.
 * @throws RecordingRefused when `build` looks at a number that is not constant, uses a tensor that is not known here, or draws
 * random numbers
 */
export function record<T>({ backend, graph, given, constants, build, use }: RecordOptions<T>): void {
  const recording = new Recording(backend, graph);
  for (const [tensor, node] of given) recording.know(tensor, node);
  for (const tensor of constants) recording.embed(tensor);
  const binding = backend.binding;
  backend.binding = recording.asBinding();
  try {
    const result = () => refusingRandomOperations(build);
    tf.tidy(() => use(result(), (tensor) => recording.nodeOf(tensor)));
  } finally {
    backend.binding = binding;
  }
}

/**
 * TensorFlow.js draws random numbers in JavaScript and hands them over like any table, often within another operation than
 * the one that drew them: which one that was only shows in the scope that each of its operations opens.
 */
function refusingRandomOperations<T>(build: () => T): T {
  const engine = tf.engine();
  const startScope = engine.startScope.bind(engine);
  engine.startScope = (name) => {
    if (name?.endsWith(tf.OP_SCOPE_SUFFIX)) refuseIfRandom(name.slice(0, -tf.OP_SCOPE_SUFFIX.length));
    startScope(name);
  };
  try {
    return build();
  } finally {
    Reflect.deleteProperty(engine, 'startScope'); // and its class's is found again
  }
}

/** A tensor as the recording knows it. */
interface Known {
  node: string;
  shape: number[];
  type: number;
  /** Whether its values are known while recording. */
  isConstant: boolean;
}

/** Ids of tensors that TensorFlow does not have; TensorFlow.js frees none that is negative. Some tensors keep theirs. */
const nextId = (): number => (lastId -= 1);
let lastId = -1; // which says that a tensor has none

class Recording {
  private readonly binding: Binding;
  private readonly known = new Map<number, Known>();
  private readonly shapesOfOperations = new Map<string, Pick<Metadata, 'shape' | 'dtype'>[]>();

  constructor(
    private readonly backend: TensorFlowBackend,
    private readonly graph: Graph,
  ) {
    this.binding = backend.binding;
  }

  /** Its numbers do not matter: if TensorFlow does not have them yet, they are dropped instead of handed over. */
  know(tensor: tf.Tensor, node: string): void {
    const type = this.backend.getDTypeInteger(tensor.dtype);
    this.known.set(this.standInId(tensor), { node, shape: tensor.shape, type, isConstant: false });
  }

  private standInId(tensor: tf.Tensor): number {
    this.backend.binding = { createTensor: nextId } as unknown as Binding;
    try {
      return this.backend.getInputTensorIds([tensor])[0]!;
    } finally {
      this.backend.binding = this.binding;
    }
  }

  embed(tensor: tf.Tensor): void {
    const [id] = this.backend.getInputTensorIds([tensor]);
    const type = this.backend.getDTypeInteger(tensor.dtype);
    this.knowConstant(id!, tensor.shape, type, tensor.dataSync());
  }

  nodeOf(tensor: tf.Tensor): string {
    return this.find(this.backend.getInputTensorIds([tensor])[0]!, 'the result').node;
  }

  /** The binding as TensorFlow.js sees it while recording. */
  asBinding(): Binding {
    const own: Partial<Binding> = {
      createTensor: (shape, type, values) => {
        const id = this.binding.createTensor(shape, type, values);
        this.knowConstant(id, shape, type, values as ArrayBufferView);
        return id;
      },
      executeOp: (name, attributes, ids, outputs) => this.execute(name, attributes, ids, outputs),
      tensorDataSync: (id) => this.read(id),
    };
    // The addon's properties cannot be overridden, so that they are passed on one by one.
    const passedOn = (key: string | symbol): unknown => {
      const value: unknown = Reflect.get(this.binding, key);
      return typeof value === 'function' ? (value.bind(this.binding) as unknown) : value;
    };
    return new Proxy({} as Binding, { get: (_target, key) => Reflect.get(own, key) ?? passedOn(key) });
  }

  private knowConstant(id: number, shape: number[], type: number, values: ArrayBufferView): void {
    if (!Object.values<number>(dataType).includes(type)) {
      throw new RecordingRefused(`a constant has TensorFlow's type ${type}.`);
    }
    const node = this.graph.constant(type, shape, bytesOf(values));
    this.known.set(id, { node, shape, type, isConstant: true });
  }

  private find(id: number, user: string): Known {
    const known = this.known.get(id);
    if (known) return known;
    throw new RecordingRefused(
      `${user} uses a tensor from before the recording, whose value would be frozen.`,
    );
  }

  private read(id: number): ReturnType<Binding['tensorDataSync']> {
    const { isConstant, shape } = this.find(id, 'reading');
    if (isConstant) return this.binding.tensorDataSync(id);
    throw new RecordingRefused(`something looks at the numbers of a tensor of shape [${shape}] (dataSync).`);
  }

  private execute(name: string, attributes: OpAttribute[], ids: number[], outputs: number): Metadata[] {
    refuseIfRandom(name);
    const inputs = ids.map((id) => this.find(id, name));
    const given = attributes.map((one) => [one.name, this.toAttribute(name, one)] as const);
    const implied = Object.entries(impliedTypes[name] ?? {}).map(
      ([key, input]) => [key, attribute.type(inputs[input]!.type)] as const,
    );
    const encoded = Object.fromEntries([...implied, ...given]);
    const node = this.graph.add(
      name,
      inputs.map((input) => input.node),
      encoded,
    );
    const isConstant = inputs.every((input) => input.isConstant);
    const results = isConstant
      ? this.binding.executeOp(name, attributes, ids, outputs)
      : this.shapesOf(name, attributes, ids, outputs).map(({ shape, dtype }) => ({
          id: nextId(),
          shape,
          dtype,
        }));
    results.forEach(({ id, shape, dtype: type }, index) => {
      this.known.set(id, { node: index === 0 ? node : `${node}:${index}`, shape, type, isConstant });
    });
    return results;
  }

  /** Shapes of an operation's outputs, learnt by computing it once on zeros. */
  private shapesOf(name: string, attributes: OpAttribute[], ids: number[], outputs: number) {
    const inputs = ids.map((id) => this.known.get(id)!);
    const described = inputs.map((input) =>
      input.isConstant ? input.node : `${input.type}[${input.shape}]`,
    );
    const key = JSON.stringify([name, attributes, described]);
    const learnt = this.shapesOfOperations.get(key);
    if (learnt) return learnt;

    const standIns = inputs.map((input, index) => (input.isConstant ? ids[index]! : this.zeros(input)));
    const results = this.binding.executeOp(name, attributes, standIns, outputs);
    standIns.forEach((id, index) => {
      if (!inputs[index]!.isConstant) this.binding.deleteTensor(id);
    });
    for (const { id } of results) this.binding.deleteTensor(id);
    this.shapesOfOperations.set(key, results);
    return results;
  }

  private zeros({ shape, type }: Known): number {
    const { TF_INT32, TF_ATTR_TYPE } = this.binding;
    const dimensions = this.binding.createTensor([shape.length], TF_INT32, Int32Array.from(shape));
    const zero = this.binding.createTensor([], type, zeroOf(type));
    const attributes = [
      { name: 'T', type: TF_ATTR_TYPE, value: type },
      { name: 'index_type', type: TF_ATTR_TYPE, value: TF_INT32 },
    ];
    const [filled] = this.binding.executeOp('Fill', attributes, [dimensions, zero], 1);
    this.binding.deleteTensor(dimensions);
    this.binding.deleteTensor(zero);
    return filled!.id;
  }

  private toAttribute(operation: string, { name, type, value }: OpAttribute): Attribute {
    const { binding } = this;
    const isList = Array.isArray(value);
    if (type === binding.TF_ATTR_TYPE) {
      return isList ? attribute.types(value) : attribute.type(value as number);
    }
    if (type === binding.TF_ATTR_INT) {
      return isList ? attribute.integers(value) : attribute.integer(value as number);
    }
    if (type === binding.TF_ATTR_FLOAT && !isList) return attribute.float(value as number);
    if (type === binding.TF_ATTR_BOOL && !isList) return attribute.boolean(Boolean(value));
    if (type === binding.TF_ATTR_STRING && !isList) return attribute.text(value as string);
    if (type === binding.TF_ATTR_SHAPE) return attribute.shape(value as number[]);
    throw new RecordingRefused(`${operation} has an attribute ${name} of a kind that is not known here.`);
  }
}

/**
 * Type attributes that TensorFlow.js leaves out for TensorFlow to take from an input, whose number stands here. In a graph
 * they must be written; loading a graph that lacks one names the operation.
 */
const impliedTypes: Record<string, Record<string, number>> = {
  ExpandDims: { T: 0 },
  GatherNd: { Tparams: 0, Tindices: 1 },
};

function refuseIfRandom(operation: string): void {
  if (isRandom.test(operation)) throw new RecordingRefused(`${operation} draws numbers of its own.`);
}

/** Operations of TensorFlow.js and TensorFlow whose result does not follow from their inputs. */
const isRandom = /random|^rand$|truncatedNormal|multinomial|shuffle|dropout/i;

const zeroOf = (type: number) =>
  type === dataType.float32
    ? new Float32Array(1)
    : type === dataType.bool
      ? new Uint8Array(1)
      : new Int32Array(1);
