import { expect, test } from 'vitest';
import { LpipsMeter } from './lpips-meter.js';

test('compares several pictures at once, each with its own, and the last ones when it is read', () => {
  const asked: number[] = [];
  const meter = new LpipsMeter({ distances: (one, other) => compare(one, other) }, size);

  for (let picture = 0; picture < 10; picture++) {
    meter.add({ truthRgb: filled(100), predictedRgb: filled(100 + picture) });
  }

  expect(asked).toEqual([4, 4]);
  expect(meter.read()).toBeCloseTo(4.5, 12);
  expect(asked).toEqual([4, 4, 2]);
  expect(meter.read()).toBeCloseTo(4.5, 12);

  function compare(one: Uint8Array, other: Uint8Array): Float32Array {
    const starts = Array.from({ length: one.length / bytes }, (_, index) => index * bytes);
    asked.push(starts.length);
    return Float32Array.from(starts, (start) => other[start]! - one[start]!);
  }
});

const size = 128; // of which four make 65,536 pixels
const bytes = size ** 2 * 3;
const filled = (value: number) => new Uint8Array(bytes).fill(value);
