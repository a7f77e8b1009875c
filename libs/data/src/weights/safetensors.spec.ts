import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { stream } from '@chromatune/random';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from './safetensors.js';
import { SafetensorsFile } from './safetensors-file.js';

const folder = mkdtempSync(join(tmpdir(), 'chromatune-safetensors-'));
afterAll(() => rmSync(folder, { recursive: true }));

function openBytes(bytes: Uint8Array): SafetensorsFile {
  const path = join(folder, 'file.safetensors');
  writeFileSync(path, bytes);
  return SafetensorsFile.open(path);
}

describe('safetensors', () => {
  it('round-trip names, shapes, every bit, and metadata', () => {
    const tensors: NamedTensor[] = [
      {
        name: 'encoder/conv1/weight',
        shape: [2, 3],
        data: Float32Array.of(1, -0, NaN, Infinity, 1e-45, -3.4e38),
      },
      { name: 'adam/step', shape: [1], data: Float32Array.of(12_345) },
      { name: 'nothing', shape: [0, 7], data: new Float32Array() },
      { name: 'scalar', shape: [], data: Float32Array.of(0.1) },
      { name: '7', shape: [1], data: Float32Array.of(7) }, // a name that JavaScript would move to the front
    ];

    const bytes = encodeSafetensors(tensors, { step: '12' });
    const { tensors: back, metadata } = decodeSafetensors(bytes);

    expect(back).toEqual(tensors);
    expect(Object.is(back[0]!.data[1], -0)).toBe(true);
    expect(metadata).toEqual({ step: '12' });
    const file = openBytes(bytes);
    expect(file.metadata).toEqual({ step: '12' });
    expect(file.tensors.map(({ name, shape }) => ({ name, shape, data: file.read(name) }))).toEqual(tensors);
    file.close();
  });

  it('are laid out as the format says', () => {
    const bytes = encodeSafetensors([{ name: 'x', shape: [1], data: Float32Array.of(1) }]);

    const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(headerBytes % 8).toBe(0);
    expect(JSON.parse(Buffer.from(bytes.subarray(8, 8 + headerBytes)).toString())).toEqual({
      __metadata__: {},
      x: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
    });
    expect([...bytes.subarray(8 + headerBytes)]).toEqual([0, 0, 0x80, 0x3f]);
  });

  it('give each tensor its own values, whatever memory the Buffer of a file is a part of', () => {
    const tensors: NamedTensor[] = [
      { name: 'weight', shape: [2], data: Float32Array.of(1, 2) },
      { name: 'adam/m/weight', shape: [3], data: Float32Array.of(3, 4, 5) },
    ];
    const pooled = Buffer.concat([Buffer.from('before'), encodeSafetensors(tensors)]).subarray(6);

    expect(decodeSafetensors(pooled).tensors).toEqual(tensors);
  });

  it.each<[string, string | object, number, RegExp]>([
    ['no JSON', 'not json', 0, /not JSON/],
    ['no object', '[1]', 0, /not a JSON object/],
    [
      'another type',
      { x: { dtype: 'F16', shape: [2], data_offsets: [0, 4] } },
      4,
      /holds F16 instead of F32/,
    ],
    [
      'a wrong length',
      { x: { dtype: 'F32', shape: [2], data_offsets: [0, 4] } },
      4,
      /of shape \(2\) lies in 4 bytes/,
    ],
    [
      'a negative side',
      { x: { dtype: 'F32', shape: [-1], data_offsets: [4, 0] } },
      4,
      /describes tensor x wrongly/,
    ],
    [
      'overlapping tensors',
      {
        x: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
        y: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
      },
      4,
      /tensor y begins at byte 0 instead of 4/,
    ],
    ['a gap', { x: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } }, 8, /begins at byte 4 instead of 0/],
    [
      'too few bytes',
      { x: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } },
      4,
      /\d+ bytes expected, \d+ found/,
    ],
    [
      'too many bytes',
      { x: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } },
      8,
      /\d+ bytes expected, \d+ found/,
    ],
    ['metadata of numbers', { __metadata__: { step: 1 } }, 0, /metadata/],
  ])('are refused with %s', (_name, header, dataBytes, message) => {
    const json = typeof header === 'string' ? header : JSON.stringify(header);
    const bytes = new Uint8Array(8 + json.length + dataBytes);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
    bytes.set(Buffer.from(json), 8);

    expect(() => decodeSafetensors(bytes)).toThrow(message);
    expect(() => openBytes(bytes)).toThrow(message);
  });

  it('are refused when the header claims the world, or the file is cut', () => {
    const huge = new Uint8Array(16).fill(0xff);
    expect(() => decodeSafetensors(huge)).toThrow(/its header claims \d+ bytes/);
    const whole = encodeSafetensors([{ name: 'x', shape: [4], data: new Float32Array(4) }]);
    for (const length of [0, 5, 20, whole.length - 1]) {
      const cut = whole.subarray(0, length);
      expect(() => decodeSafetensors(cut)).toThrow(/bytes expected, \d+ found/);
      expect(() => openBytes(cut)).toThrow(/bytes expected, \d+ found/);
    }
  });

  it('damaged anywhere give an error that is expected, or tensors', () => {
    const random = stream(4, 'safetensors spec');
    const whole = encodeSafetensors([{ name: 'weight', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }]);
    for (let attempt = 0; attempt < 2000; attempt++) {
      const damaged = whole.slice();
      for (let hit = 0; hit < 3; hit++) damaged[random.integer(damaged.length)] = random.integer(256);
      try {
        decodeSafetensors(damaged);
      } catch (error) {
        expect((error as Error).name).toBe('SafetensorsError');
      }
    }
  });
});
