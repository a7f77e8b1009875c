import { describe, expect, test } from 'vitest';
import { hashes, hashIntegers, hashOf, hashValues, hashWeight, uniform } from './hash-fill.js';

// All numbers were printed by python/hash_fill.py.

test.each([
  ['', 2166136261],
  ['input', 4191711099],
  ['Größe', 1219707514],
])('the hash of the name "%s" is that of its UTF-8 bytes', (name, hash) => {
  expect(hashOf(name)).toBe(hash);
});

test('hashes differ by name and index', () => {
  expect([...hashes('input', 4)]).toEqual([3431821188, 479405565, 268513236, 1648500714]);
  expect([...hashes('encoder.conv1.weight', 3136).slice(-2)]).toEqual([3679241026, 2141579194]);
});

test('numbers between -1 and 1 have 24 bits, so that float32 holds them', () => {
  const u = uniform('input', 3);

  expect([...u]).toEqual([0.5980662107467651, -0.7767595052719116, -0.8749638795852661]);
  expect([...hashValues('input', 3)]).toEqual([...u]);
});

test('whole numbers are hashes modulo a count', () => {
  expect([...hashIntegers('labels', 6, 313)]).toEqual([32, 141, 8, 198, 205, 58]);
});

describe('a weight', () => {
  test('of a convolution has the scale of its fan in', () => {
    const values = hashWeight('encoder.conv1.weight', [2, 1, 3, 3], false);

    expect([...values.slice(0, 3)]).toEqual([-0.21031896770000458, 0.6694603562355042, -0.47352591156959534]);
  });

  test.each([
    ['decoder.3.conv.bias', false, [-0.01440284214913845, 0.018920958042144775, 0.09037449210882187]],
    ['encoder.bn1.weight', true, [0.23376449942588806, 0.26978084444999695, 0.2589080035686493]],
    ['encoder.bn1.bias', true, [-0.987113893032074, -0.8216148614883423, 0.9068277478218079]],
    ['encoder.layer1.0.bn2.bias', true, [0.26014357805252075, 0.29442936182022095, 0.3339024782180786]],
    ['encoder.layer1.0.bn3.weight', true, [0.07283987104892731, 0.14441849291324615, 0.09087082743644714]],
    ['encoder.bn1.running_mean', true, [0.06869618594646454, 0.09916222095489502, 0.07846581935882568]],
    ['encoder.bn1.running_var', true, [0.8862070441246033, 0.5297536849975586, 0.2551776170730591]],
  ])('%s follows from its name', (name, ofBatchNorm, expected) => {
    expect([...hashWeight(name, [3], ofBatchNorm)]).toEqual(expected);
  });
});
