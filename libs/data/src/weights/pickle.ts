/** A value of a pickle. Nothing of it ever runs: classes and functions are names from a closed list. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleTuple
  | PickleList
  | PickleDict
  | PickleGlobal
  | PickleObject;

export class PickleTuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

export class PickleList {
  constructor(readonly items: PickleValue[] = []) {}
}

/** A dict or OrderedDict. Attributes of the latter (`_metadata` of a state dict) are dropped. */
export class PickleDict {
  readonly entries = new Map<string | number | bigint, PickleValue>();

  set(key: PickleValue, value: PickleValue): void {
    if (typeof key !== 'string' && typeof key !== 'number' && typeof key !== 'bigint') {
      throw new PickleError(`a dictionary in it has ${describe(key)} as key`);
    }
    this.entries.set(key, value);
  }
}

/** A name from the list of those allowed. `call`, where it has one, is our reading of what the name would make. */
export class PickleGlobal {
  constructor(
    readonly name: string,
    readonly call?: (args: readonly PickleValue[]) => PickleValue,
  ) {}
}

/** Something that a `call` made, and that the pickle may complete with a state. */
export abstract class PickleObject {
  abstract setState(state: PickleValue): void;
}

/** What is wrong with a pickle, as the rest of a sentence that begins with the file's name. */
export class PickleError extends Error {}

/** No program writes such a pickle: it was damaged, or broke off. Others are whole, and only hold what weights do not. */
export class DamagedPickle extends PickleError {}

export interface PickleRules {
  /** The only names that may occur. */
  globals: readonly PickleGlobal[];
  /** Resolves a persistent id: how torch.save points to a storage. */
  persistent: (id: PickleValue) => PickleValue;
}

/**
 * Reads one pickle (protocols 2 to 5) from the start of `bytes`: plain data, and calls to the names in `rules.globals`.
 * Every other name and every operation that only programs need is refused by its name. Work and memory are bounded,
 * whatever the bytes say.
 * @throws PickleError
 */
export function readPickle(bytes: Uint8Array, rules: PickleRules): { value: PickleValue; end: number } {
  return new Machine(bytes, rules).run();
}

/** For messages: what kind of thing a value is. */
export function describe(value: PickleValue): string {
  if (value === null) return 'None';
  if (value instanceof PickleGlobal) return value.name;
  if (value instanceof PickleTuple) return 'a tuple';
  if (value instanceof PickleList) return 'a list';
  if (value instanceof PickleDict) return 'a dictionary';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof PickleObject) return 'an object';
  return `a ${typeof value === 'bigint' ? 'number' : typeof value}`;
}

// A state dict of ResNet-152 takes 40,000 operations and 20,000 memo entries, and its longest name 36 letters.
const mostOperations = 2_000_000;
const mostValues = 500_000;
const longestText = 65_536;
/** torch.save's magic number has 10 bytes. */
const longestInteger = 32;

/** Separates the values that an operation takes together. Never leaves the stack as a value. */
const mark = Symbol('mark');
type Slot = PickleValue | typeof mark;

class Machine {
  private position = 0;
  private readonly stack: Slot[] = [];
  private readonly memo = new Map<number, PickleValue>();
  private readonly view: DataView;
  private readonly globals: Map<string, PickleGlobal>;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly rules: PickleRules,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.globals = new Map(rules.globals.map((one) => [one.name, one]));
  }

  run(): { value: PickleValue; end: number } {
    for (let count = 0; count < mostOperations; count++) {
      const code = this.count(1);
      if (code === stop) return { value: this.pop(), end: this.position };
      const operation = operations.get(code);
      if (!operation) throw refusedOperation(code);
      operation(this);
      if (this.stack.length > mostValues || this.memo.size > mostValues) {
        throw new PickleError(`its pickle holds more than ${mostValues} values at once`);
      }
    }
    throw new PickleError(`its pickle has more than ${mostOperations} operations`);
  }

  /** The next little-endian count of 1, 2, 4 or 8 bytes. */
  count(size: 1 | 2 | 4 | 8): number {
    const at = this.advance(size);
    if (size === 1) return this.view.getUint8(at);
    if (size === 2) return this.view.getUint16(at, true);
    if (size === 4) return this.view.getUint32(at, true);
    return Number(this.view.getBigUint64(at, true));
  }

  int32 = (): number => this.view.getInt32(this.advance(4), true);
  float64 = (): number => this.view.getFloat64(this.advance(8));

  integer(length: number): bigint | number {
    if (length > longestInteger) throw new PickleError(`its pickle has an integer of ${length} bytes`);
    const at = this.advance(length);
    let value = 0n;
    for (let index = length - 1; index >= 0; index--) value = (value << 8n) | BigInt(this.bytes[at + index]!);
    const signed = BigInt.asIntN(length * 8, value);
    return BigInt.asIntN(53, signed) === signed ? Number(signed) : signed;
  }

  text(length: number, encoding: 'utf-8' | 'latin1' = 'utf-8'): string {
    return new TextDecoder(encoding).decode(this.raw(length));
  }

  raw(length: number): Uint8Array {
    if (length > longestText) {
      const isThere = length <= this.bytes.length - this.position;
      throw new (isThere ? PickleError : DamagedPickle)(`its pickle has a text of ${length} bytes`);
    }
    const at = this.advance(length);
    return this.bytes.slice(at, at + length);
  }

  line(): string {
    const end = this.bytes.subarray(0, this.position + 1024).indexOf(0x0a, this.position);
    if (end === -1) throw new DamagedPickle('its pickle has a name without an end');
    const line = this.text(end - this.position);
    this.position++;
    return line;
  }

  push(value: Slot): void {
    this.stack.push(value);
  }

  pop(): PickleValue {
    const value = this.stack.pop();
    if (value === undefined || value === mark)
      throw new DamagedPickle('its pickle takes more than it put down');
    return value;
  }

  top(): PickleValue {
    const value = this.pop();
    this.push(value);
    return value;
  }

  drop(): void {
    if (this.stack.pop() === undefined) throw new DamagedPickle('its pickle takes more than it put down');
  }

  /** All values above the last mark, which goes too. */
  popToMark(): PickleValue[] {
    const at = this.stack.lastIndexOf(mark);
    if (at === -1) throw new DamagedPickle('its pickle takes more than it put down');
    return this.stack.splice(at).slice(1) as PickleValue[];
  }

  popTuple(): readonly PickleValue[] {
    const value = this.pop();
    if (value instanceof PickleTuple) return value.items;
    throw new PickleError(`its pickle calls with ${describe(value)} as arguments`);
  }

  remember(index = this.memo.size): void {
    this.memo.set(index, this.top());
  }

  recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw new DamagedPickle(`its pickle repeats value ${index}, which it never had`);
    this.push(value);
  }

  global(module: string, name: string): void {
    const full = `${module}.${name}`;
    const found = this.globals.get(full);
    if (!found) {
      throw new PickleError(
        `its pickle wants ${printable(full)}, which weights do not need. Nothing of it was run`,
      );
    }
    this.push(found);
  }

  call(): void {
    const args = this.popTuple();
    const callee = this.pop();
    if (!(callee instanceof PickleGlobal) || !callee.call) {
      throw new PickleError(`its pickle calls ${describe(callee)}, which weights never do`);
    }
    this.push(callee.call(args));
  }

  persistent(): void {
    this.push(this.rules.persistent(this.pop()));
  }

  build(): void {
    const state = this.pop();
    const target = this.top();
    if (target instanceof PickleObject) return target.setState(state);
    if (target instanceof PickleDict && state instanceof PickleDict) return; // attributes of an OrderedDict
    throw new PickleError(`its pickle sets attributes of ${describe(target)}, which weights never do`);
  }

  append(values: PickleValue[]): void {
    const target = this.top();
    if (!(target instanceof PickleList)) throw new PickleError(`its pickle appends to ${describe(target)}`);
    for (const value of values) target.items.push(value);
  }

  setItems(values: PickleValue[]): void {
    const target = this.top();
    if (!(target instanceof PickleDict))
      throw new PickleError(`its pickle sets items of ${describe(target)}`);
    if (values.length % 2 === 1) throw new DamagedPickle('its pickle has a key without a value');
    for (let index = 0; index < values.length; index += 2) target.set(values[index]!, values[index + 1]!);
  }

  private advance(length: number): number {
    const at = this.position;
    if (at + length > this.bytes.length) throw new DamagedPickle('its pickle is cut short');
    this.position += length;
    return at;
  }
}

const stop = 0x2e;
type Operation = (machine: Machine) => void;
const tuple =
  (count: number): Operation =>
  (machine) => {
    const items = Array.from({ length: count }, () => machine.pop()).reverse();
    machine.push(new PickleTuple(items));
  };

/** Codes as in Python's Lib/pickletools.py. */
const operations = new Map<number, Operation>([
  [0x80, checkProtocol],
  [0x95, (m) => void m.count(8)], // FRAME: a hint for reading ahead
  [0x28, (m) => m.push(mark)],
  [0x30, (m) => m.drop()], // POP
  [0x31, (m) => void m.popToMark()], // POP_MARK
  [0x32, (m) => m.push(m.top())], // DUP
  [0x4e, (m) => m.push(null)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  [0x4a, (m) => m.push(m.int32())], // BININT
  [0x4b, (m) => m.push(m.count(1))],
  [0x4d, (m) => m.push(m.count(2))],
  [0x8a, (m) => m.push(m.integer(m.count(1)))], // LONG1
  [0x47, (m) => m.push(m.float64())], // BINFLOAT
  [0x58, (m) => m.push(m.text(m.count(4)))], // BINUNICODE
  [0x8c, (m) => m.push(m.text(m.count(1)))],
  [0x8d, (m) => m.push(m.text(m.count(8)))],
  [0x55, (m) => m.push(m.text(m.count(1), 'latin1'))], // SHORT_BINSTRING: a text of Python 2
  [0x54, (m) => m.push(m.text(m.count(4), 'latin1'))],
  [0x43, (m) => m.push(m.raw(m.count(1)))], // SHORT_BINBYTES
  [0x42, (m) => m.push(m.raw(m.count(4)))],
  [0x7d, (m) => m.push(new PickleDict())],
  [0x5d, (m) => m.push(new PickleList())],
  [0x29, (m) => m.push(new PickleTuple([]))],
  [0x74, (m) => m.push(new PickleTuple(m.popToMark()))],
  [0x85, tuple(1)],
  [0x86, tuple(2)],
  [0x87, tuple(3)],
  [0x61, (m) => m.append([m.pop()])],
  [0x65, (m) => m.append(m.popToMark())],
  [0x73, setItem],
  [0x75, (m) => m.setItems(m.popToMark())],
  [0x68, (m) => m.recall(m.count(1))], // BINGET
  [0x6a, (m) => m.recall(m.count(4))],
  [0x71, (m) => m.remember(m.count(1))], // BINPUT
  [0x72, (m) => m.remember(m.count(4))],
  [0x94, (m) => m.remember()], // MEMOIZE
  [0x63, (m) => m.global(m.line(), m.line())],
  [0x93, stackGlobal],
  [0x52, (m) => m.call()], // REDUCE
  [0x81, (m) => m.call()], // NEWOBJ
  [0x62, (m) => m.build()],
  [0x51, (m) => m.persistent()], // BINPERSID
]);

/** Operations that are known, and that only programs or other writers than torch.save need. */
const refusedNames = new Map([
  [0x69, 'INST'],
  [0x6f, 'OBJ'],
  [0x92, 'NEWOBJ_EX'],
  [0x82, 'EXT1'],
  [0x83, 'EXT2'],
  [0x84, 'EXT4'],
  [0x50, 'PERSID'],
  [0x8b, 'LONG4'],
  [0x8f, 'EMPTY_SET'],
  [0x90, 'ADDITEMS'],
  [0x91, 'FROZENSET'],
  [0x96, 'BYTEARRAY8'],
  [0x97, 'NEXT_BUFFER'],
  [0x98, 'READONLY_BUFFER'],
]);

function refusedOperation(code: number): PickleError {
  const name = refusedNames.get(code);
  if (name === undefined)
    return new DamagedPickle(`its pickle has the unknown operation 0x${code.toString(16)}`);
  return new PickleError(`its pickle uses ${name}, which weights do not need. Nothing of it was run`);
}

function checkProtocol(machine: Machine): void {
  const protocol = machine.count(1);
  if (protocol < 2 || protocol > 5)
    throw new PickleError(`its pickle has protocol ${protocol}; known are 2 to 5`);
}

function setItem(machine: Machine): void {
  const value = machine.pop();
  machine.setItems([machine.pop(), value]);
}

function stackGlobal(machine: Machine): void {
  const name = machine.pop();
  const module = machine.pop();
  if (typeof module !== 'string' || typeof name !== 'string') {
    throw new PickleError('its pickle makes up a name out of what is no text');
  }
  machine.global(module, name);
}

const printable = (text: string) => text.replace(/[^\x20-\x7e]+/g, '?').slice(0, 120);
