import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stream } from '@chromatune/random';
import { type NpyArray, npyBytes } from './npy-bytes.js';
import { NpyError } from './npy-error.js';
import { openNpy } from './npy-file.js';
import { type NpyDtype, readNpyHeader } from './npy-header.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-npy-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('an npy header', () => {
  it.each([
    [
      'version 1, aligned to 64',
      npy(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", 64),
      [2, 3],
    ],
    [
      'version 1, aligned to 16',
      npy(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (313, 2), }", 16),
      [313, 2],
    ],
    ['version 2', npy(2, "{'descr': '<f4', 'fortran_order': True, 'shape': (4,), }", 64), [4]],
    ['version 3', npy(3, "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }", 64), [4]],
    ['not aligned at all', npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }", 1), [4]],
    ['keys in another order', npy(1, "{'shape': (1,), 'fortran_order': False, 'descr': '<f4'}", 64), [1]],
    ['double quotes', npy(1, `{"shape": (1,), "fortran_order": False, "descr": "<f4"}`, 64), [1]],
    [
      "Python 2's long integers",
      npy(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (313L, 2L), }", 64),
      [313, 2],
    ],
    ['no side', npy(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (), }", 64), []],
    ['no rows', npy(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (0, 5), }", 64), [0, 5]],
  ])('is read: %s', (_name, bytes, shape) => {
    const header = readNpyHeader(bytes);

    expect(header.shape).toEqual(shape);
    expect(header.dataOffset).toBe(bytes.length);
  });

  it.each([
    ['no npy file', Buffer.from('PK\x03\x04 and so on, longer'), /does not begin as npy files do/],
    ['an unknown version', npy(9 as 1, '{}', 64), /format version is 9/],
    ['objects', npy(1, "{'descr': '|O', 'fortran_order': False, 'shape': (3,), }", 64), /Python objects/],
    ['records', npy(1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }", 64), /records/],
    ['text', npy(1, "{'descr': '<U3', 'fortran_order': False, 'shape': (3,), }", 64), /"<U3", which is not/],
    [
      'a negative side',
      npy(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (-3,), }", 64),
      /not a count/,
    ],
    [
      'an absurd side',
      npy(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,), }", 64),
      /not a count/,
    ],
    [
      'an absurd product',
      npy(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (4000000000, 4000000000), }", 64),
      /larger than any file/,
    ],
    ['a list', npy(1, '[1, 2]', 64), /not a dictionary/],
    ['a missing key', npy(1, "{'descr': '|u1', 'shape': (3,), }", 64), /has the keys \(descr, shape\)/],
    ['a key twice', npy(1, "{'descr': '|u1', 'descr': '|u1', 'shape': (3,), }", 64), /stands twice/],
    [
      'trailing garbage',
      npy(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), } + 1", 64),
      /something follows/,
    ],
    ['code', npy(1, "__import__('os').system('true')", 64), /a value was expected at character 1/],
    ['deep nesting', npy(1, '('.repeat(5000), 64), /nested too deeply/],
    ['an unclosed text', npy(1, "{'descr", 64), /text in quotes/],
    [
      'a shape that is a number',
      npy(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (3), }", 64),
      /not a tuple/,
    ],
    [
      'fortran_order 1',
      npy(1, "{'descr': '|u1', 'fortran_order': 1, 'shape': (3,), }", 64),
      /not True or False/,
    ],
  ])('is refused with %s', (_name, bytes, message) => {
    expect(() => readNpyHeader(bytes, 'evil.npy')).toThrow(message);
    expect(() => readNpyHeader(bytes, 'evil.npy')).toThrow(/^evil\.npy: /);
  });

  it('is refused when it claims gigabytes, without taking the memory', () => {
    const bytes = Buffer.alloc(64);
    bytes.write('\x93NUMPY\x02\x00', 0, 'latin1');
    bytes.writeUInt32LE(0xfffffff0, 8);

    expect(() => readNpyHeader(bytes, 'evil.npy')).toThrow(/its header claims 4294967280 bytes/);
  });

  it('is refused when the file ends inside it', () => {
    const whole = npy(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", 128);

    expect(() => readNpyHeader(whole.subarray(0, 40), 'short.npy')).toThrow(/128 bytes expected, 40 found/);
  });

  it('is never a crash: any damage gives an NpyError or a header', () => {
    const random = stream(2, 'npy spec');
    const whole = npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (12, 3), }", 64);
    for (let attempt = 0; attempt < 3000; attempt++) {
      const damaged = Buffer.from(whole.subarray(0, 1 + random.integer(whole.length)));
      for (let hit = 0; hit <= random.integer(4); hit++)
        damaged[random.integer(damaged.length)] = random.integer(256);
      try {
        readNpyHeader(damaged, 'damaged.npy');
      } catch (error) {
        expect(error).toBeInstanceOf(NpyError);
      }
    }
  });
});

describe('an npy file', () => {
  const dtypes = ['u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'f4', 'f8', 'i8', 'u8'] as const;

  it.each(dtypes)('round-trips %s, any window of rows', async (dtype) => {
    const data = numbers(dtype, 5 * 4 * 3);
    const file = await open(`${dtype}.npy`, npyBytes(dtype, [5, 4, 3], data));

    expect(file.rows).toBe(5);
    expect(await file.readRows(0, 5)).toEqual(data);
    expect(await file.readRows(2, 4)).toEqual(data.slice(24, 48));
    expect(await file.readRows(3, 3)).toHaveLength(0);
    await file.close();
  });

  it.each(dtypes)('reads big-endian %s', async (dtype) => {
    const data = numbers(dtype, 6);
    const bytes = Buffer.from(data.buffer.slice(0));
    if (bytes.length === 12) bytes.swap16();
    if (bytes.length === 24) bytes.swap32();
    if (bytes.length === 48) bytes.swap64();
    const header = npy(1, `{'descr': '>${dtype}', 'fortran_order': False, 'shape': (3, 2), }`, 16);
    const file = await open(`big-${dtype}.npy`, Buffer.concat([header, bytes]));

    expect(await file.readRows(0, 3)).toEqual(data);
    await file.close();
  });

  it('gives rows of a Fortran-ordered file in C order', async () => {
    const shape = [5, 4, 3];
    const inC = Uint16Array.from({ length: 60 }, (_, index) => index * 7);
    const inFortran = new Uint16Array(60);
    for (let i = 0; i < 5; i++)
      for (let j = 0; j < 4; j++)
        for (let k = 0; k < 3; k++) inFortran[i + 5 * (j + 4 * k)] = inC[(i * 4 + j) * 3 + k]!;
    const header = npy(1, `{'descr': '<u2', 'fortran_order': True, 'shape': (${shape.join(', ')}), }`, 16);
    const file = await open('fortran.npy', Buffer.concat([header, Buffer.from(inFortran.buffer)]));

    expect(await file.readRows(0, 5)).toEqual(inC);
    expect(await file.readRows(1, 3)).toEqual(inC.slice(12, 36));
    await file.close();
  });

  it('reads long Fortran columns in several blocks', async () => {
    const rows = 70_000; // 100 columns of 70,000 bytes are more than one block of 4 MiB
    const data = Buffer.alloc(rows * 100);
    for (let column = 0; column < 100; column++) data.fill(column, column * rows, (column + 1) * rows);
    const header = npy(1, `{'descr': '|u1', 'fortran_order': True, 'shape': (${rows}, 100), }`, 16);
    const file = await open('long.npy', Buffer.concat([header, data]));

    expect(await file.readRows(69_998, 70_000)).toEqual(
      Uint8Array.from({ length: 200 }, (_, index) => index % 100),
    );
    await file.close();
  });

  it('reads shapes () and (3,) and (0, 5), and half floats', async () => {
    const scalar = await open('scalar.npy', npyBytes('f4', [], Float32Array.of(1.5)));
    expect(await scalar.readRows(0, 1)).toEqual(Float32Array.of(1.5));
    const three = await open('three.npy', npyBytes('u1', [3], Uint8Array.of(7, 8, 9)));
    expect(await three.readRows(1, 3)).toEqual(Uint8Array.of(8, 9));
    const none = await open('none.npy', npyBytes('u1', [0, 5], new Uint8Array()));
    expect(await none.readRows(0, 0)).toEqual(new Uint8Array());
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x7c00, 0x0001, 0x3555);
    const half = await open(
      'half.npy',
      Buffer.concat([
        npy(1, "{'descr': '<f2', 'fortran_order': False, 'shape': (5,), }", 16),
        Buffer.from(halves.buffer),
      ]),
    );
    expect([...(await half.readRows(0, 5))]).toEqual([1, -2, Infinity, 2 ** -24, 0.333251953125]);
    await Promise.all([scalar, three, none, half].map((file) => file.close()));
  });

  it('cut short is refused with its name and the bytes', async () => {
    const whole = npyBytes('u1', [10, 10], new Uint8Array(100));

    await expect(open('cut.npy', whole.subarray(0, 200))).rejects.toThrow(
      /cut\.npy: it is cut short: 228 bytes expected, 200 found/,
    );
    await expect(open('longer.npy', Buffer.concat([whole, Buffer.alloc(9)]))).rejects.toThrow(
      /longer\.npy: something follows its data: 228 bytes expected, 237 found/,
    );
  });

  it('inside of another file is read in place', async () => {
    const inner = npyBytes('u1', [4], Uint8Array.of(1, 2, 3, 4));
    const path = join(folder, 'outer.bin');
    await writeFile(path, Buffer.concat([Buffer.alloc(1000, 7), inner, Buffer.alloc(50, 7)]));

    const file = await openNpy({ path, offset: 1000, length: inner.length, name: 'l.zip/gray_scale.npy' });
    expect(await file.readRows(2, 4)).toEqual(Uint8Array.of(3, 4));
    await file.close();
  });

  async function open(name: string, bytes: Uint8Array) {
    const path = join(folder, name);
    await writeFile(path, bytes);
    return openNpy(path);
  }
});

/** An npy preamble as some writer may have made it: any version, padded to any alignment. */
function npy(version: 1 | 2 | 3, dict: string, alignment: number): Buffer {
  const start = version === 1 ? 10 : 12;
  const total = Math.ceil((start + dict.length + 1) / alignment) * alignment;
  const bytes = Buffer.alloc(total, ' ');
  bytes.write('\x93NUMPY', 0, 'latin1');
  bytes[6] = version;
  bytes[7] = 0;
  if (version === 1) bytes.writeUInt16LE(total - start, 8);
  else bytes.writeUInt32LE(total - start, 8);
  bytes.write(dict, start, 'latin1');
  bytes[total - 1] = 0x0a;
  return bytes;
}

function numbers(dtype: NpyDtype, length: number): NpyArray {
  const values = Array.from({ length }, (_, index) => index * 3 + 1);
  const arrays: Partial<Record<NpyDtype, () => NpyArray>> = {
    u1: () => Uint8Array.from(values),
    i1: () => Int8Array.from(values, (value) => -value),
    u2: () => Uint16Array.from(values, (value) => value * 300),
    i2: () => Int16Array.from(values, (value) => -value * 100),
    u4: () => Uint32Array.from(values, (value) => value * 2 ** 20),
    i4: () => Int32Array.from(values, (value) => -value * 2 ** 18),
    f4: () => Float32Array.from(values, (value) => value / 7),
    f8: () => Float64Array.from(values, (value) => -value / 7),
    i8: () => BigInt64Array.from(values, (value) => -BigInt(value) * 2n ** 50n),
    u8: () => BigUint64Array.from(values, (value) => BigInt(value) * 2n ** 54n),
  };
  return arrays[dtype]!();
}
