import {
  describe,
  PickleDict,
  PickleError,
  PickleGlobal,
  PickleList,
  PickleObject,
  PickleTuple,
  type PickleValue,
} from './pickle.js';
import { type ElementType } from './stored-tensor.js';

/** Where numbers of a PyTorch file lie. */
export class TorchStorage {
  constructor(
    readonly key: string,
    readonly type: ElementType,
    readonly elements: number,
  ) {}
}

/** A storage as a value of the pickle: nothing can be done to it. */
class StorageValue extends PickleObject {
  constructor(readonly storage: TorchStorage) {
    super();
  }
  setState(): never {
    throw new PickleError('its pickle sets attributes of a storage');
  }
}

/** A tensor of a PyTorch file: a view of a storage. */
export class TorchTensor extends PickleObject {
  storage: TorchStorage | null = null;
  offset = 0;
  shape: number[] = [];
  strides: number[] = [];

  /** Old files make an empty tensor or parameter first, and say then what it is. */
  setState(state: PickleValue): void {
    const items = state instanceof PickleTuple ? state.items : [];
    if (items.length === 4) this.view(items);
    else if (items.length === 5) this.take(items[0]!);
    else if (items.length !== 3) throw new PickleError('its pickle has a tensor with an unknown state');
  }

  /** (storage, offset, size, stride), whatever follows. */
  view([storage, offset, size, stride]: readonly PickleValue[]): this {
    if (!(storage instanceof StorageValue)) {
      throw new PickleError(`its pickle makes a tensor of ${describe(storage ?? null)}`);
    }
    this.storage = storage.storage;
    [this.offset] = counts(new PickleTuple([offset ?? null])) as [number];
    this.shape = counts(size);
    this.strides = counts(stride);
    if (this.shape.length !== this.strides.length || this.shape.length > 8) {
      throw new PickleError(`its pickle has a tensor of shape (${this.shape}) and strides (${this.strides})`);
    }
    return this;
  }

  take(other: PickleValue): this {
    if (!(other instanceof TorchTensor))
      throw new PickleError(`its pickle makes a parameter of ${describe(other)}`);
    return Object.assign(this, other);
  }
}

/** The names that state dicts are made of, in every version of PyTorch since 2016. */
export const torchGlobals: readonly PickleGlobal[] = [
  new PickleGlobal('collections.OrderedDict', orderedDict),
  new PickleGlobal('torch._utils._rebuild_tensor', (args) => new TorchTensor().view(args)),
  new PickleGlobal('torch._utils._rebuild_tensor_v2', (args) => new TorchTensor().view(args)),
  new PickleGlobal('torch._utils._rebuild_parameter', parameter),
  new PickleGlobal('torch._utils._rebuild_parameter_with_state', parameter),
  new PickleGlobal('torch.nn.parameter.Parameter', parameter),
  new PickleGlobal('torch.Size', (args) => new PickleTuple(counts(args[0] ?? new PickleTuple([])))),
  ...['Float', 'Double', 'Half', 'BFloat16', 'Long', 'Int', 'Short', 'Char', 'Byte', 'Bool'].flatMap(
    (type) => [
      new PickleGlobal(`torch.${type}Storage`),
      new PickleGlobal(`torch.${type}Tensor`, () => new TorchTensor()),
    ],
  ),
];

const storageTypes = new Map<string, ElementType>([
  ['torch.FloatStorage', 'f4'],
  ['torch.DoubleStorage', 'f8'],
  ['torch.HalfStorage', 'f2'],
  ['torch.BFloat16Storage', 'bf2'],
  ['torch.LongStorage', 'i8'],
  ['torch.IntStorage', 'i4'],
  ['torch.ShortStorage', 'i2'],
  ['torch.CharStorage', 'i1'],
  ['torch.ByteStorage', 'u1'],
  ['torch.BoolStorage', 'u1'],
]);

/** The storages that a pickle points to. */
export class TorchStorages {
  readonly byKey = new Map<string, TorchStorage>();

  /** The id is ('storage', type, key, device, elements), and in old files a view of another storage. */
  resolve(id: PickleValue): PickleValue {
    const [label, type, key, , elements, view = null] = id instanceof PickleTuple ? id.items : [];
    if (label !== 'storage' || typeof key !== 'string' || !isCount(elements)) {
      throw new PickleError('its pickle points to something that is no storage');
    }
    const element = type instanceof PickleGlobal ? storageTypes.get(type.name) : undefined;
    if (element === undefined) throw new PickleError(`its pickle has a storage of ${describe(type ?? null)}`);
    if (view !== null) throw new PickleError('its pickle has a storage that is a part of another one');
    const known = this.byKey.get(key);
    if (known && (known.type !== element || known.elements !== elements)) {
      throw new PickleError(`its pickle describes the storage ${key} in two ways`);
    }
    const storage = known ?? new TorchStorage(key, element, elements);
    this.byKey.set(key, storage);
    return new StorageValue(storage);
  }
}

function orderedDict(args: readonly PickleValue[]): PickleDict {
  const dict = new PickleDict();
  const pairs = args[0] instanceof PickleList ? args[0].items : [];
  for (const pair of pairs) {
    const items = pair instanceof PickleList || pair instanceof PickleTuple ? pair.items : [];
    if (items.length !== 2) throw new PickleError('its pickle has an OrderedDict of what are no pairs');
    dict.set(items[0]!, items[1]!);
  }
  return dict;
}

function parameter(args: readonly PickleValue[]): TorchTensor {
  return args.length === 0 ? new TorchTensor() : new TorchTensor().take(args[0]!);
}

function counts(value: PickleValue | undefined): number[] {
  const items = value instanceof PickleTuple ? value.items : null;
  if (items?.every(isCount)) return [...items];
  throw new PickleError('its pickle has a tensor whose shape, strides or offset are no counts');
}

const isCount = (value: PickleValue | undefined): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
