import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';

describe('safetensors in a Buffer, as files are read', () => {
  it('give each tensor its own values, whatever memory the Buffer is a part of', () => {
    const tensors = [
      { name: 'weight', shape: [2], data: new Float32Array([1, 2]) },
      { name: 'adam/m/weight', shape: [3], data: new Float32Array([3, 4, 5]) },
    ];
    const encoded = encodeSafetensors(tensors);
    const pooled = Buffer.concat([Buffer.from('before'), encoded]).subarray(6);
    expect(decodeSafetensors(pooled).tensors).toEqual(tensors);
  });
});
