import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { zipOf } from '../import/zip.fixture.js';
import { readFloats } from './stored-tensor.js';
import { type FakeTensor, pickle, storageValue, torchZip, torchZipOf } from './torch-file.fixture.js';
import { openWeightsFile } from './weights-file.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-torch-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

const { of, text, int, tuple, dict, global, call, build, bool } = pickle;

describe('a file that PyTorch wrote', () => {
  // fixtures/make-fixtures.py made them
  it.each(['tiny.pth', 'tiny-legacy.pth', 'tiny-checkpoint.pth'])('is read: %s', async (name) => {
    const tensors = await readAll(fixture(name));

    expect(tensors.get('conv.weight')).toEqual({ shape: [2, 3, 3, 3], values: eighths(54) });
    expect(tensors.get('bn.running_var')).toEqual({ shape: [2], values: eighths(2) });
    expect(tensors.get('half')).toEqual({ shape: [2, 3], values: eighths(6) });
    expect(tensors.get('brain')).toEqual({ shape: [4], values: eighths(4) });
    expect(tensors.get('double')).toEqual({ shape: [5], values: eighths(5) });
    expect(tensors.get('scalar')).toEqual({ shape: [], values: [0.375] });
    expect(tensors.get('parameter')).toEqual({ shape: [3], values: eighths(3) });
    expect(tensors.get('bn.num_batches_tracked')).toEqual({ shape: [], values: 'i8' });
  });

  it('gives tensors that are views of others in their own order', async () => {
    const tensors = await readAll(fixture('tiny.pth'));
    const base = eighths(24);
    const at = (row: number, column: number) => base[row * 6 + column]!;

    expect(tensors.get('transposed')).toEqual({
      shape: [6, 4],
      values: [0, 1, 2, 3, 4, 5].flatMap((column) => [0, 1, 2, 3].map((row) => at(row, column))),
    });
    expect(tensors.get('window')).toEqual({
      shape: [2, 3],
      values: [1, 2].flatMap((row) => [2, 3, 4].map((column) => at(row, column))),
    });
    expect(tensors.get('channels_last')).toEqual({ shape: [1, 2, 3, 4], values: base });
    expect(tensors.get('expanded')).toEqual({ shape: [3], values: [2.5, 2.5, 2.5] });
  });

  it('that holds a whole module is refused, and the way out is told', async () => {
    const opening = openWeightsFile(fixture('whole-module.pth'));

    await expect(opening).rejects.toThrow(
      /its pickle wants torch\.nn\.modules\.conv\.Conv2d, which weights do not need/,
    );
    await expect(opening).rejects.toMatchObject({
      remedy: expect.stringContaining('MODEL.state_dict()') as string,
    });
  });

  it.each(['tiny.pth', 'tiny-legacy.pth'])('and was cut short anywhere is refused: %s', async (name) => {
    const whole = await readFile(fixture(name));
    for (let length = 0; length < whole.length; length += 97) {
      const path = await write('cut.pth', whole.subarray(0, length));
      await expect(readAll(path)).rejects.toMatchObject({ name: 'WeightsError' });
    }
  });

  it('and was damaged is told by its checksums', async () => {
    const damaged = Buffer.from(await readFile(fixture('tiny.pth')));
    const place = damaged.indexOf(Buffer.from(Float32Array.from(eighths(54)).buffer));
    damaged[place + 100]! ^= 1;

    await expect(readAll(await write('damaged.pth', damaged))).rejects.toThrow(
      /checksum of tiny\/data\/0 does not agree/,
    );
  });
});

describe('a state dict', () => {
  const weight: FakeTensor = { name: 'weight', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };

  it.each([false, true])('is read from a zip (compressed anew: %s)', async (deflate) => {
    const tensors = await readAll(await write('one.pth', torchZip([weight], { deflate })));

    expect([...tensors]).toEqual([['weight', { shape: [2, 2], values: [1, 2, 3, 4] }]]);
  });

  it('of old versions is read: tensors and parameters that are filled after they were made', async () => {
    const view = tuple(storageValue(weight, 0), int(1), tuple(int(3)), tuple(int(1)));
    const made = build(call(global('torch.FloatTensor')), view);
    const parameter = global('torch.nn.parameter.Parameter');
    const none = pickle.none;
    const path = await write(
      'old.pth',
      torchZipOf(
        of(
          dict([
            [text('tensor'), made],
            [text('parameter'), build(call(parameter, made), tuple(bool(true), bool(false), none))],
            [text('variable'), build(call(parameter), tuple(made, none, none, bool(true), bool(false)))],
          ]),
        ),
        [weight.data],
      ),
    );

    const expected = { shape: [3], values: [2, 3, 4] };
    expect([...(await readAll(path)).values()]).toEqual([expected, expected, expected]);
  });

  it.each<[string, (view: ViewOf) => Buffer, RegExp]>([
    [
      'reaches beyond its storage',
      (view) => view({ offset: 3, shape: [2], strides: [1] }),
      /reaches beyond its 4 numbers/,
    ],
    [
      'strides beyond all numbers',
      (view) => view({ shape: [3, 3], strides: [2 ** 31 - 1, 1] }),
      /reaches beyond its 4 numbers/,
    ],
    ['has a negative stride', (view) => view({ shape: [2], strides: [-1] }), /are no counts/],
    ['has a negative offset', (view) => view({ offset: -1, shape: [2], strides: [1] }), /are no counts/],
    [
      'has more sides than strides',
      (view) => view({ shape: [2, 2], strides: [1] }),
      /of shape \(2,2\) and strides \(1\)/,
    ],
    ['is made of a text', () => call(rebuild, text('x')), /makes a tensor of a string/],
    ['was never filled', () => call(global('torch.FloatTensor')), /weight was never filled/],
    [
      'points to what is no storage',
      () => call(rebuild, pickle.persistent(tuple(text('module'), text('x')))),
      /points to something that is no storage/,
    ],
    [
      'has a storage that is a function',
      () => call(rebuild, pickle.persistent(tuple(text('storage'), rebuild, text('0'), text('cpu'), int(4)))),
      /has a storage of torch\._utils\._rebuild_tensor_v2/,
    ],
    [
      'has a storage that is not there',
      (view) => view({ key: 7, shape: [2], strides: [1] }),
      /should have 16 bytes and has none/,
    ],
    [
      'has a storage outside of its folder',
      (view) => view({ key: '../data.pkl', shape: [2], strides: [1] }),
      /should have 16 bytes and has none/,
    ],
    [
      'has a storage of another size',
      (view) => view({ elements: 5, shape: [5], strides: [1] }),
      /should have 20 bytes and has 16/,
    ],
  ])('whose tensor %s is refused', async (_name, make, message) => {
    const bytes = torchZipOf(of(dict([[text('weight'), make(viewOf)]])), [weight.data]);

    await expect(readAll(await write('bad.pth', bytes))).rejects.toThrow(message);
  });

  it('that is a zip bomb is refused before it is unpacked', async () => {
    const bomb = zipOf({ 'archive/data.pkl': new Uint8Array(17 * 1024 * 1024) }, true);
    const path = await write('bomb.pth', bomb);

    expect(bomb.length).toBeLessThan(50_000);
    await expect(readAll(path)).rejects.toThrow(/its entry archive\/data\.pkl claims 17825792 bytes/);
  });

  it('whose entry unpacks to more than it declares is refused', async () => {
    const bytes = torchZip([weight], { deflate: true });
    const name = Buffer.from('archive/data/0');
    const central = bytes.lastIndexOf(name) - 46;
    bytes.writeUInt32LE(8, central + 24); // the declared size: 16 in truth

    await expect(readAll(await write('liar.pth', bytes))).rejects.toMatchObject({ name: 'WeightsError' });
  });

  it('in a zip with a second data.pkl is refused', async () => {
    const pickles = zipOf({ 'archive/data.pkl': of(dict([])), 'archive/data.pk1': of(int(1)) });
    const twice = Buffer.from(pickles.toString('latin1').replaceAll('data.pk1', 'data.pkl'), 'latin1');

    await expect(readAll(await write('twice.pth', twice))).rejects.toThrow(/data\.pkl stands in it twice/);
  });

  it('of which PyTorch would run something is refused, and nothing is run', async () => {
    const bytes = torchZipOf(of(call(global('os.system'), text('touch owned'))));

    await expect(readAll(await write('evil.pth', bytes))).rejects.toThrow(
      /evil\.pth: its pickle wants os\.system, which weights do not need\. Nothing of it was run/,
    );
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['a long text', dict([[text('log'), text('x'.repeat(70_000))]]), /has a text of 70000 bytes/],
    ['None as key', dict([[pickle.none, int(1)]]), /has None as key/],
    ['a tuple as key', dict([[tuple(int(1)), int(1)]]), /has a tuple as key/],
  ])('beside %s is refused, and the way out is told', async (_name, value, message) => {
    const opening = openWeightsFile(await write('unusual.pth', torchZipOf(of(value))));

    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toMatchObject({
      remedy: expect.stringContaining('keep only its tensors') as string,
    });
  });

  it('that broke off is to be fetched again', async () => {
    const opening = openWeightsFile(await write('half.pth', of(text('x'.repeat(70_000))).subarray(0, 99)));

    await expect(opening).rejects.toMatchObject({ remedy: 'Check that the file was downloaded whole.' });
  });

  it('that contains itself is read all the same', async () => {
    const inner = dict([[text('weight'), viewOf({ shape: [4], strides: [1] })]]);
    const bytes = of(inner, pickle.put(1), text('self'), pickle.get(1), Buffer.from('s'));

    expect([...(await readAll(await write('self.pth', torchZipOf(bytes, [weight.data])))).keys()]).toEqual([
      'weight',
    ]);
  });

  it('without any tensor is refused', async () => {
    const bytes = torchZipOf(of(dict([[text('epoch'), int(3)]])));

    await expect(readAll(await write('none.pth', bytes))).rejects.toThrow(
      /holds a dictionary without tensors/,
    );
  });

  it('in a TorchScript program is refused', async () => {
    const bytes = zipOf({ 'net/data.pkl': of(int(1)), 'net/constants.pkl': of(int(1)) });

    await expect(readAll(await write('script.pt', bytes))).rejects.toThrow(/it is a TorchScript program/);
  });
});

type ViewOf = typeof viewOf;
const rebuild = global('torch._utils._rebuild_tensor_v2');
function viewOf(options: {
  key?: number | string;
  elements?: number;
  offset?: number;
  shape: number[];
  strides: number[];
}) {
  const { key = 0, elements = 4, offset = 0, shape, strides } = options;
  const storage = storageValue({ data: new Float32Array(elements) }, key);
  return call(
    rebuild,
    storage,
    int(offset),
    tuple(...shape.map(int)),
    tuple(...strides.map(int)),
    bool(false),
  );
}

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

async function write(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

/** Shape and numbers of each tensor; of integers their type. */
async function readAll(path: string) {
  const file = await openWeightsFile(path);
  try {
    const read = new Map<string, { shape: number[]; values: number[] | string }>();
    for (const tensor of file.tensors) {
      const values = tensor.type === 'i8' ? tensor.type : [...(await readFloats(tensor))];
      read.set(tensor.name, { shape: tensor.shape, values });
    }
    return read;
  } finally {
    await file.close();
  }
}

/** What `values(count)` of make-fixtures.py makes. */
const eighths = (count: number) =>
  Array.from({ length: count }, (_, index) => (index - Math.floor(count / 2)) / 8);
