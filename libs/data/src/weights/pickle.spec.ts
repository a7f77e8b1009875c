import { stream } from '@chromatune/random';
import { describe, expect, it } from 'vitest';
import {
  PickleDict,
  PickleError,
  PickleGlobal,
  type PickleList,
  PickleTuple,
  readPickle,
  type PickleValue,
} from './pickle.js';
import { pickle } from './torch-file.fixture.js';

const { of, op, text, int, tuple, list, dict, global, call, build, none } = pickle;
const calls: (readonly PickleValue[])[] = [];
const rules = {
  globals: [
    new PickleGlobal('torch.FloatStorage'),
    new PickleGlobal('collections.OrderedDict', () => new PickleDict()),
    new PickleGlobal('torch.Size', (args) => (calls.push(args), args[0] ?? null)),
  ],
  persistent: (id: PickleValue) => id,
};
const read = (bytes: Uint8Array) => readPickle(bytes, rules).value;

describe('a pickle of plain data', () => {
  // python: pickle.dumps({'a': [1, -2, 70000, 2**40, 2**70, 1.5, None, True, False], 'b': ('é', ()), 7: (1, 2, 3, 4)}, protocol)
  it.each([
    [
      2,
      '80027d71002858010000006171015d7102284b014afeffffff4a701101008a060000000000018a09000000000000000040473ff80000000000004e88896558010000006271035802000000c3a97104298671054b07284b014b024b034b04747106752e',
    ],
    [
      3,
      '80037d71002858010000006171015d7102284b014afeffffff4a701101008a060000000000018a09000000000000000040473ff80000000000004e88896558010000006271035802000000c3a97104298671054b07284b014b024b034b04747106752e',
    ],
    [
      4,
      '80049551000000000000007d94288c0161945d94284b014afeffffff4a701101008a060000000000018a09000000000000000040473ff80000000000004e8889658c0162948c02c3a9942986944b07284b014b024b034b047494752e',
    ],
    [
      5,
      '80059551000000000000007d94288c0161945d94284b014afeffffff4a701101008a060000000000018a09000000000000000040473ff80000000000004e8889658c0162948c02c3a9942986944b07284b014b024b034b047494752e',
    ],
  ])('of protocol %i is read as Python meant it', (_protocol, hex) => {
    const { entries } = read(Buffer.from(hex, 'hex')) as PickleDict;

    expect((entries.get('a') as PickleList).items).toEqual([
      1,
      -2,
      70_000,
      2 ** 40,
      2n ** 70n,
      1.5,
      null,
      true,
      false,
    ]);
    expect(entries.get('b')).toEqual(new PickleTuple(['é', new PickleTuple([])]));
    expect(entries.get(7)).toEqual(new PickleTuple([1, 2, 3, 4]));
  });

  it('says where it ends, so that another can follow', () => {
    const first = of(int(7));

    expect(readPickle(Buffer.concat([first, of(int(8))]), rules)).toEqual({ value: 7, end: first.length });
  });

  it('keeps the same value the same, wherever it is repeated', () => {
    const value = read(of(tuple(list(int(1)), pickle.put(3), pickle.get(3)))) as PickleTuple;

    expect(value.items[0]).toBe(value.items[1]);
  });

  it('calls what is on the list, with its arguments, and drops attributes of dictionaries', () => {
    const value = read(
      of(
        build(call(global('collections.OrderedDict')), dict([[text('_metadata'), none]])),
        op('0'),
        call(global('torch.Size'), int(5)),
      ),
    );

    expect(value).toBe(5);
    expect(calls).toEqual([[5]]);
  });
});

describe('a malicious pickle is refused by name, and nothing of it runs', () => {
  it.each<[string, Uint8Array, RegExp]>([
    [
      'os.system',
      of(call(global('os.system'), text('touch /tmp/owned'))),
      /wants os\.system, which weights do not need/,
    ],
    ['posix.system', of(call(global('posix.system'), text('id'))), /wants posix\.system/],
    ['builtins.eval', of(call(global('builtins.eval'), text('1'))), /wants builtins\.eval/],
    ['__builtin__.exec', of(call(global('__builtin__.exec'), text('1'))), /wants __builtin__\.exec/],
    ['a name out of texts', of(text('os'), text('system'), op('\x93')), /wants os\.system/],
    [
      'a name behind a dot',
      of(text('torch'), text('Size.__class__'), op('\x93')),
      /wants torch\.Size\.__class__/,
    ],
    ['a name out of numbers', of(int(1), int(2), op('\x93')), /a name out of what is no text/],
    ['control characters in a name', of(global('os\x1b[2J.system')), /wants os\?\[2J\.system/],
    ['an endless name', of(op('c'), Buffer.alloc(5000, 'a')), /a name without an end/],
    ['INST', of(op('('), text('id'), op('ios\nsystem\n')), /uses INST/],
    ['OBJ', of(op('('), global('torch.Size'), op('o')), /uses OBJ/],
    ['NEWOBJ_EX', of(global('torch.Size'), tuple(), dict([]), op('\x92')), /uses NEWOBJ_EX/],
    ['an extension', of(op('\x82\x01')), /uses EXT1/],
    ['a text as function', of(call(text('system'), text('id'))), /calls a string, which weights never do/],
    ['a storage as function', of(call(global('torch.FloatStorage'))), /calls torch\.FloatStorage, which/],
    ['no tuple as arguments', of(global('torch.Size'), int(1), op('R')), /calls with a number as arguments/],
    ['attributes of a function', of(build(global('torch.Size'), dict([]))), /sets attributes of torch\.Size/],
    ['attributes of a list', of(build(list(), dict([]))), /sets attributes of a list/],
    [
      'items of a function',
      of(global('torch.Size'), text('a'), int(1), op('s')),
      /sets items of torch\.Size/,
    ],
    ['a function that grows', of(global('torch.Size'), int(1), op('a')), /appends to torch\.Size/],
    ['an unknown operation', of(op('\xff')), /unknown operation 0xff/],
    ['an old protocol', Buffer.from('\x80\x00N.', 'latin1'), /protocol 0/],
  ])('%s', (_name, bytes, message) => {
    expect(() => read(bytes)).toThrow(PickleError);
    expect(() => read(bytes)).toThrow(message);
  });
});

describe('a pickle that would take all memory or time is refused', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['a text of 4 GiB', of(op('X\xff\xff\xff\xff')), /a text of 4294967295 bytes/],
    ['a text of 8 EiB', of(op('\x8d\xff\xff\xff\xff\xff\xff\xff\x7f')), /a text of/],
    ['a text cut short', Buffer.from('\x80\x02X\x10\0\0\0abc', 'latin1'), /cut short/],
    ['bytes of 4 GiB', of(op('B\xff\xff\xff\xff')), /a text of 4294967295 bytes/],
    ['an integer of 255 bytes', of(op('\x8a\xff')), /an integer of 255 bytes/],
    ['half a million values', of(Buffer.alloc(600_000, 'N')), /more than 500000 values at once/],
    ['half a million memo entries', of(none, memoBomb(600_000)), /more than 500000 values at once/],
    ['millions of operations', of(Buffer.alloc(2_100_000, 'N0')), /more than 2000000 operations/],
    ['a value that was never there', of(op('j\xff\xff\xff\xff')), /repeats value 4294967295/],
    ['nothing to take', of(op('0')), /takes more than it put down/],
    ['a mark as value', of(op('(\x85')), /takes more than it put down/],
    ['no mark to go back to', of(op('t')), /takes more than it put down/],
    ['nothing at the end', of(), /takes more than it put down/],
    ['a key without a value', of(op('}('), int(1), op('u')), /a key without a value/],
    ['a key that is a list', of(dict([[list(), int(1)]])), /has a list as key/],
    ['no end', Buffer.from('\x80\x02N', 'latin1'), /cut short/],
    ['nothing', Buffer.alloc(0), /cut short/],
  ])('%s', (_name, bytes, message) => {
    expect(() => read(bytes)).toThrow(message);
  });

  it('and any damage gives a value or a PickleError', () => {
    const random = stream(3, 'pickle spec');
    const whole = of(
      dict([[text('weight'), tuple(int(1), list(none, call(global('torch.Size'), tuple(int(2)))))]]),
    );
    for (let attempt = 0; attempt < 3000; attempt++) {
      const damaged = Buffer.from(whole.subarray(0, 1 + random.integer(whole.length)));
      for (let hit = 0; hit <= random.integer(4); hit++)
        damaged[random.integer(damaged.length)] = random.integer(256);
      try {
        read(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(PickleError);
      }
    }
  });
});

/** Keeps the value on the stack under ever new numbers. */
function memoBomb(entries: number): Buffer {
  const bytes = Buffer.alloc(entries * 5);
  for (let index = 0; index < entries; index++) {
    bytes.write('r', index * 5);
    bytes.writeUInt32LE(index, index * 5 + 1);
  }
  return bytes;
}
