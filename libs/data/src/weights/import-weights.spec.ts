import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type WeightsNetwork, weightsNetwork } from '@chromatune/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { zipOf } from '../import/zip.fixture.js';
import { npyBytes } from '../npy/npy-bytes.js';
import { type LayoutTensor } from './encoder-layout.js';
import { decodeWeights, describeWeights, importWeights } from './import-weights.js';
import { networkLayout } from './network-layout.js';
import { recognizeNetwork } from './recognize-network.js';
import { encodeSafetensors } from './safetensors.js';
import { contiguousStrides, elementsOf, type StoredTensor } from './stored-tensor.js';
import { type FakeTensor, pickle, torchZip } from './torch-file.fixture.js';

let folder: string;
let resnet18: FakeTensor[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-weights-'));
  resnet18 = networkLayout('resnet18').map(numbered);
});
afterAll(() => rm(folder, { recursive: true }));

describe('the layout', () => {
  // Parameters of the whole network (docs of torchvision) without those of its classifier; of LPIPS also the weights of each
  // channel's distance, shift and scale.
  it.each<[WeightsNetwork, number, number]>([
    ['resnet18', 11_689_512 - 513_000, 100],
    ['resnet34', 21_797_672 - 513_000, 180],
    ['resnet50', 25_557_032 - 2_049_000, 265],
    ['resnet101', 44_549_160 - 2_049_000, 520],
    ['resnet152', 60_192_808 - 2_049_000, 775],
    ['vgg16', 138_357_544 - 123_642_856, 26],
    ['vgg16bn', 138_365_992 - 123_642_856, 78],
    ['lpips-alex', 61_100_840 - 58_631_144 + 1152 + 6, 17],
    ['lpips-vgg', 138_357_544 - 123_642_856 + 1472 + 6, 33],
  ])('of %s has %i parameters in %i tensors', (network, parameters, tensors) => {
    const layout = networkLayout(network);
    const counted = layout.filter(({ name }) => !name.includes('running_'));

    expect(counted.reduce((sum, { shape }) => sum + elementsOf(shape), 0)).toBe(parameters);
    expect(layout).toHaveLength(tensors);
  });
});

describe('recognizing a network', () => {
  const everyNetwork = weightsNetwork.options.map((network) => [network] as const);

  it.each(everyNetwork)('tells %s by names and shapes', (network) => {
    const { network: told, found } = recognizeNetwork('a.pth', stored(network));

    expect(told).toBe(network);
    expect(found.map(({ wanted }) => wanted)).toEqual(networkLayout(network));
  });

  it.each(['module.', 'model.backbone.', 'net.encoder.', 'weights/'])('takes the prefix %s', (prefix) => {
    const tensors = stored('resnet50').map((tensor) => ({ ...tensor, name: prefix + tensor.name }));

    const { network, leftOut } = recognizeNetwork('a.pth', [...tensors, tensorOf('head.weight', [1])]);

    expect([network, leftOut]).toEqual(['resnet50', ['head.weight']]);
  });

  it('leaves classifiers and counters out, and says so', () => {
    const more = [tensorOf('fc.weight', [1000, 512]), tensorOf('bn1.num_batches_tracked', [], 'i8')];

    expect(recognizeNetwork('a.pth', [...stored('resnet18'), ...more]).leftOut).toEqual(['fc.weight']);
  });

  it.each<[string, (tensors: StoredTensor[]) => StoredTensor[], RegExp]>([
    [
      'a missing tensor',
      (tensors) => tensors.filter(({ name }) => name !== 'layer2.0.bn1.bias'),
      /most like resnet34, but layer2\.0\.bn1\.bias is missing\.$/,
    ],
    [
      'another shape',
      (tensors) =>
        tensors.map((one) => (one.name === 'conv1.weight' ? { ...one, shape: [64, 1, 7, 7] } : one)),
      /conv1\.weight has shape \(64, 1, 7, 7\) instead of \(64, 3, 7, 7\)\.$/,
    ],
    [
      'a block too many',
      (tensors) => [...tensors, tensorOf('layer4.3.bn1.weight', [512])],
      /layer4\.3\.bn1\.weight is no part of resnet34\.$/,
    ],
    [
      'integers',
      (tensors) => tensors.map((one) => (one.name === 'bn1.weight' ? { ...one, type: 'i1' as const } : one)),
      /bn1\.weight holds integers\.$/,
    ],
    [
      'integers alone',
      (tensors) => tensors.map((one) => ({ ...one, type: 'i1' as const })),
      /most like resnet34, but conv1\.weight holds integers, and \d+ more differ\.$/,
    ],
    [
      'two stages only',
      (tensors) => tensors.filter(({ name }) => !/^layer[34]/.test(name)),
      /is missing, and \d+ more differ\.$/,
    ],
    [
      'other names',
      () => [tensorOf('a.kernel', [1]), tensorOf('b.kernel', [1])],
      /none of its 2 tensors is one of a network that can be imported; the first are a\.kernel, b\.kernel/,
    ],
    [
      'another network whose first tensor is called as that of a VGG',
      () => [
        tensorOf('features.0.weight', [96, 3, 7, 7]),
        tensorOf('features.3.squeeze.weight', [16, 96, 1, 1]),
      ],
      /the first are features\.0\.weight, features\.3\.squeeze\.weight/,
    ],
    ['nothing', () => [], /it holds no tensors/],
  ])('refuses %s, and says what differs', (_name, change, message) => {
    expect(() => recognizeNetwork('a.pth', change(stored('resnet34')))).toThrow(message);
  });

  it('names the smaller of two relatives where only one tensor is too many', () => {
    const tensors = [...stored('resnet18'), tensorOf('layer1.2.bn1.weight', [64])]; // which ResNet-34 has

    expect(() => recognizeNetwork('a.pth', tensors)).toThrow(
      /most like resnet18, but layer1\.2\.bn1\.weight is no part of resnet18\.$/,
    );
  });

  it('does not count what LPIPS holds twice as left out', () => {
    const twice = tensorOf('lins.0.model.1.weight', [1, 64, 1, 1]);

    expect(recognizeNetwork('a.pth', [...stored('lpips-alex'), twice]).leftOut).toEqual([]);
  });

  it.each<[string, (tensors: StoredTensor[]) => StoredTensor[], RegExp]>([
    [
      'LPIPS without its weights of distances',
      (tensors) => tensors.filter(({ name }) => !name.startsWith('lin')),
      /most like lpips-alex, but lin0\.model\.1\.weight is missing, and 4 more differ\.$/,
    ],
    [
      "only those weights, as the package's own files hold them",
      (tensors) => tensors.filter(({ name }) => name.startsWith('lin')),
      /none of its 5 tensors is one of a network that can be imported/,
    ],
    [
      'LPIPS of another network',
      (tensors) =>
        tensors.map((one) => (one.name === 'net.slice1.0.weight' ? { ...one, shape: [64, 3, 3, 3] } : one)),
      /most like lpips-alex, but net\.slice1\.0\.weight has shape \(64, 3, 3, 3\) instead of \(64, 3, 11, 11\)\.$/,
    ],
  ])('refuses %s, and says what differs', (_name, change, message) => {
    expect(() => recognizeNetwork('a.pth', change(stored('lpips-alex')))).toThrow(message);
  });
});

describe('an import', () => {
  it('turns kernels round, takes our names, and keeps every number', async () => {
    const { network, bytes, tensors, kind } = await importBytes('resnet18.pth', torchZip(resnet18));

    const decoded = decodeWeights(bytes);
    expect([network, tensors, kind, decoded.network]).toEqual([
      'resnet18',
      100,
      'a PyTorch file',
      'resnet18',
    ]);
    expect(decoded.tensors.map(({ name }) => name)).toEqual(
      networkLayout('resnet18').map(({ name }) => `encoder/${name.replaceAll('.', '/')}`),
    );
    const kernel = decoded.tensors.find(({ name }) => name === 'encoder/layer2/0/downsample/0/weight')!;
    const original = resnet18.find(({ name }) => name === 'layer2.0.downsample.0.weight')!;
    expect(kernel.shape).toEqual([1, 1, 64, 128]);
    const [from, to] = [3, 77];
    expect(kernel.data[from * 128 + to]).toBe(original.data[to * 64 + from]);
    const conv1 = decoded.tensors[0]!;
    expect(conv1.shape).toEqual([7, 7, 3, 64]);
    const [y, x, rgb, out] = [2, 5, 1, 40];
    expect(conv1.data[((y * 7 + x) * 3 + rgb) * 64 + out]).toBe(
      resnet18[0]!.data[((out * 3 + rgb) * 7 + y) * 7 + x],
    );
  });

  it('gives the same file for the same weights, whatever they came in', async () => {
    const classifier: FakeTensor = { name: 'module.fc.bias', shape: [5], data: new Float32Array(5) };
    const prefixed = resnet18.map((one) => ({ ...one, name: `module.${one.name}` }));
    const wrap = (dict: Buffer) =>
      pickle.dict([
        [pickle.text('epoch'), pickle.int(90)],
        [pickle.text('state_dict'), dict],
      ]);
    const digests = new Map<string, string>();
    for (const [name, bytes] of [
      ['zip.pth', torchZip(resnet18)],
      ['checkpoint.pth', torchZip([...prefixed, classifier], { wrap, deflate: true })],
      ['weights.safetensors', encodeSafetensors(resnet18 as (FakeTensor & { data: Float32Array })[])],
      ['weights.npz', npzOf(resnet18)],
    ] as const) {
      digests.set(name, (await importBytes(name, bytes)).digest);
    }

    expect(new Set(digests.values()).size).toBe(1);
  });

  it('leaves out arrays of an npz that hold no numbers and are no part of the network', async () => {
    const text = Buffer.from(npyBytes('f4', [1], Float32Array.of(1)));
    text.write("'<U1'", text.indexOf("'<f4'"), 'latin1'); // an element of it has 4 bytes too
    const arrays = Object.fromEntries(
      resnet18.map(({ name, shape, data }) => [`${name}.npy`, npyBytes('f4', shape, data)]),
    );

    const beside = await importBytes('beside.npz', zipOf({ ...arrays, 'author.npy': text }));
    const within = importBytes('within.npz', zipOf({ ...arrays, 'bn1.bias.npy': text }));

    expect(beside).toMatchObject({ network: 'resnet18', leftOut: ['author'] });
    await expect(within).rejects.toThrow(/most like resnet18, but bn1\.bias holds no numbers\.$/);
  });

  it('says why an npz of a whole state dict, which numpy pickles, holds no numbers', async () => {
    const pickled = Buffer.from(npyBytes('f4', [], Float32Array.of(1)));
    pickled.write("'|O8'", pickled.indexOf("'<f4'"), 'latin1');

    const importing = importBytes('state-dict.npz', zipOf({ 'arr_0.npy': pickled }));

    await expect(importing).rejects.toMatchObject({
      message: expect.stringContaining('it holds Python objects (pickled)') as string,
      remedy: expect.stringContaining('Save it again as plain numbers') as string,
    });
  });

  it('takes LPIPS as its package saves it', async () => {
    const alex = networkLayout('lpips-alex').map(numbered);
    const lins = alex.filter(({ name }) => name.startsWith('lin'));
    const twice = lins.map((one) => ({ ...one, name: one.name.replace('lin', 'lins.') }));

    const { network, bytes, leftOut } = await importBytes('lpips.pth', torchZip([...alex, ...twice]));

    const { tensors } = decodeWeights(bytes);
    expect([network, leftOut]).toEqual(['lpips-alex', []]);
    expect(tensors.map(({ name, shape }) => `${name} ${shape.join()}`)).toEqual([
      'lpips/scaling_layer/shift 1,1,3,1',
      'lpips/scaling_layer/scale 1,1,3,1',
      'lpips/net/slice1/0/weight 11,11,3,64',
      'lpips/net/slice1/0/bias 64',
      'lpips/net/slice2/3/weight 5,5,64,192',
      'lpips/net/slice2/3/bias 192',
      'lpips/net/slice3/6/weight 3,3,192,384',
      'lpips/net/slice3/6/bias 384',
      'lpips/net/slice4/8/weight 3,3,384,256',
      'lpips/net/slice4/8/bias 256',
      'lpips/net/slice5/10/weight 3,3,256,256',
      'lpips/net/slice5/10/bias 256',
      'lpips/lin0/model/1/weight 1,1,64,1',
      'lpips/lin1/model/1/weight 1,1,192,1',
      'lpips/lin2/model/1/weight 1,1,384,1',
      'lpips/lin3/model/1/weight 1,1,256,1',
      'lpips/lin4/model/1/weight 1,1,256,1',
    ]);
    expect(tensors.at(-1)!.data).toEqual(lins.at(-1)!.data);
  });

  it('refuses a negative weight of a distance', async () => {
    const untrained = networkLayout('lpips-alex').map(numbered);
    (untrained.at(-1)!.data as Float32Array)[7] = -0.1;

    await expect(importBytes('untrained.pth', torchZip(untrained))).rejects.toThrow(
      /lin4\.model\.1\.weight holds a negative weight of a distance/,
    );
  });

  it.each<[string, number, RegExp]>([
    ['layer1.0.conv1.weight', NaN, /layer1\.0\.conv1\.weight holds numbers that are not finite/],
    ['bn1.running_mean', Infinity, /bn1\.running_mean holds numbers that are not finite/],
    ['bn1.running_var', -1, /bn1\.running_var holds a negative variance/],
  ])('refuses %s with %f', async (name, value, message) => {
    const spoiled = resnet18.map((one) => {
      const data = Float32Array.from(one.data as Float32Array);
      if (one.name === name) data[3] = value;
      return { ...one, data };
    });

    await expect(importBytes('spoiled.pth', torchZip(spoiled))).rejects.toThrow(message);
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['a single array', npyBytes('f4', [1], Float32Array.of(1)), /it is a single array without a name/],
    ['a Keras file', '\x89HDF\r\n\x1a\n'.padEnd(100), /it is an HDF5 file/],
    ['a tar', `weights${'\0'.repeat(250)}ustar`, /it is a tar, as PyTorch wrote them before/],
    ['a picture', '\x89PNG\r\n\x1a\n', /it is no PyTorch file, no safetensors and no npz/],
    ['nothing', '', /it is no PyTorch file/],
    ['a pickle of something else', pickle.of(pickle.int(1)), /it is a pickle, but none of torch\.save/],
    [
      'a zip of something else',
      zipOf({ 'a.txt': Buffer.from('a') }),
      /a zip, but neither of PyTorch nor of numpy/,
    ],
    ['a broken zip', 'PK\x03\x04'.padEnd(99), /it cannot be read as a zip/],
    [
      'safetensors cut short',
      encodeSafetensors([{ name: 'a', shape: [2], data: Float32Array.of(1, 2) }]).slice(0, -4),
      /other\.bin: \d+ bytes expected, \d+ found\.$/,
    ],
    [
      'safetensors with a wild header',
      '\x09'.padEnd(8, '\0') + '{not JSON',
      /other\.bin: its header is not JSON\.$/,
    ],
  ])('refuses %s, and says what to do', async (_name, content, message) => {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
    const importing = importBytes('other.bin', bytes);

    await expect(importing).rejects.toThrow(message);
    await expect(importing).rejects.toMatchObject({ remedy: expect.any(String) as string });
  });

  it('says when there is no such file', async () => {
    await expect(importWeights(join(folder, 'nowhere.pth'))).rejects.toThrow(
      /nowhere\.pth: it cannot be read: there is no such file/,
    );
    await expect(importWeights(folder)).rejects.toThrow(/: it is a folder\.$/);
  });
});

describe('a canonical file', () => {
  it('is told by its header alone', async () => {
    const { bytes } = await importBytes('header.pth', torchZip(resnet18));

    expect(describeWeights(bytes.subarray(0, 65_536), bytes.length)).toEqual({
      network: 'resnet18',
      tensors: 100,
    });
    expect(() => describeWeights(bytes.subarray(0, 65_536), bytes.length - 4)).toThrow(/bytes expected/);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['metadata', {}, /its metadata name no network/],
    [
      'tensors',
      { format: 'chromatune-weights-1', encoder: 'resnet34' },
      /resnet34 has 180 tensors, and it has 100/,
    ],
    [
      'names',
      { format: 'chromatune-weights-1', encoder: 'resnet18' },
      /conv1\.weight F32 \(64,3,7,7\) stands where encoder\/conv1\/weight F32 \(7,7,3,64\) belongs/,
    ],
  ])('with other %s is refused', (_name, metadata, message) => {
    const bytes = encodeSafetensors(resnet18 as (FakeTensor & { data: Float32Array })[], metadata);

    expect(() => describeWeights(bytes, bytes.length)).toThrow(message);
  });
});

/** Different numbers in every place, all positive: they may be variances. */
function numbered({ name, shape }: LayoutTensor, index: number): FakeTensor {
  const data = Float32Array.from({ length: elementsOf(shape) }, (_, at) => index + (at % 65_521) / 65_536);
  return { name, shape, data };
}

const stored = (network: WeightsNetwork) =>
  networkLayout(network).map(({ name, shape }) => tensorOf(name, shape));

function tensorOf(name: string, shape: number[], type: StoredTensor['type'] = 'f4'): StoredTensor {
  const read = () => Promise.reject(new Error('recognizing reads nothing'));
  return { name, shape, type, bigEndian: false, strides: contiguousStrides(shape), offset: 0, read };
}

const npzOf = (tensors: FakeTensor[]) =>
  zipOf(
    Object.fromEntries(tensors.map(({ name, shape, data }) => [`${name}.npy`, npyBytes('f4', shape, data)])),
    true,
  );

async function importBytes(name: string, bytes: Uint8Array) {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return importWeights(path);
}
