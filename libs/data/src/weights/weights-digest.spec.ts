import { describe, expect, it } from 'vitest';
import { type NamedTensor } from './safetensors.js';
import { WeightsDigest, weightsSha256 } from './weights-digest.js';

describe('the digest of weights', () => {
  const weights: NamedTensor[] = [
    { name: 'b', shape: [2], data: Float32Array.of(1, 2) },
    { name: 'a', shape: [1], data: Float32Array.of(3) },
  ];

  it('does not depend on order', () => {
    expect(digestOf([...weights].reverse())).toBe(digestOf(weights));
  });

  it.each(['adam/m/a', 'adamw/v/a', 'sgd/momentum/a', 'sgd/step', 'average/a'])(
    'does not depend on what a step keeps besides: %s',
    (name) => {
      const kept = { name, shape: [1], data: Float32Array.of(9) };
      expect(digestOf([kept, ...weights])).toBe(digestOf(weights));
    },
  );

  it('changes with any bit, name or shape', () => {
    const digests = [
      weights,
      [{ ...weights[0]!, data: Float32Array.of(1, 2.0000002) }, weights[1]!],
      [{ ...weights[0]!, name: 'c' }, weights[1]!],
      [{ ...weights[0]!, shape: [1, 2] }, weights[1]!],
      weights.slice(1),
    ].map(digestOf);

    expect(new Set(digests).size).toBe(5);
  });

  it('is the same when it is added to in the order of names, and refuses another order', () => {
    const digest = new WeightsDigest();
    digest.add(weights[1]!, weights[1]!.data);
    digest.add({ name: 'adam/m/a', shape: [1] }, Float32Array.of(9));
    digest.add(weights[0]!, weights[0]!.data);

    expect(() => digest.add(weights[1]!, weights[1]!.data)).toThrow('a comes after b.');
    expect(digest.hex()).toBe(digestOf(weights));
  });
});

const digestOf = (tensors: NamedTensor[]) =>
  weightsSha256({ tensors, read: (name) => tensors.find((tensor) => tensor.name === name)!.data });
