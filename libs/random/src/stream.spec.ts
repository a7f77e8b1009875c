import { describe, expect, test } from 'vitest';
import { type Stream, stream } from './stream.js';

const draw = (source: Stream, count: number) => Array.from({ length: count }, () => source.nextUint32());

describe('a stream', () => {
  test('gives the same numbers for the same arguments, whatever was drawn elsewhere', () => {
    const undisturbed = draw(stream(7, 'order', 3), 9);

    draw(stream(7, 'augmentation', 3), 100);

    expect(draw(stream(7, 'order', 3), 9)).toEqual(undisturbed);
  });

  test('keeps the numbers it gave in the first release', () => {
    expect(draw(stream(7, 'order', 3), 5)).toEqual([1367599414, 53807789, 2948992318, 993405292, 3061821166]);
  });

  test('changes with each argument', () => {
    const streams = [
      stream(7, 'order', 3),
      stream(8, 'order', 3),
      stream(7, 'ordes', 3),
      stream(7, 'order', 4),
      stream(7, 'order', 3, 1),
      stream(7, 'order', 3, 0, 1),
    ];

    expect(new Set(streams.map((one) => one.nextUint32())).size).toBe(streams.length);
  });

  test('never repeats a block', () => {
    expect(new Set(draw(stream(1, 'x', 2), 4000)).size).toBe(4000);
  });

  test.each([[-1], [1.5], [2 ** 32], [NaN]])('refuses the seed %d', (seed) => {
    expect(() => stream(seed, 'order')).toThrow(RangeError);
  });

  test('refuses a fourth counter', () => {
    expect(() => stream(1, 'order', 1, 2, 3, 4)).toThrow('at most 3 counters');
  });
});

describe('numbers of a stream', () => {
  test('uniform() fills [0, 1) evenly', () => {
    const source = stream(1, 'uniform');
    const tenths = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) tenths[Math.floor(source.uniform() * 10)]!++;

    for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(400); // four standard deviations
  });

  test('normal() has mean 0, variance 1 and kurtosis 3', () => {
    const source = stream(1, 'normal');
    const values = Array.from({ length: 100_000 }, () => source.normal());
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / values.length;

    expect(moment(1)).toBeCloseTo(0, 1);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.02);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.15);
  });

  test('integer() takes each value equally often, also where 2^32 is no multiple', () => {
    const source = stream(1, 'integer');
    const counts = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) counts[Math.floor(source.integer(3 * 2 ** 30) / 2 ** 30)]!++;

    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(330);
  });

  test.each([[0], [-3], [1.5], [2 ** 32 + 1]])('integer(%d) is refused', (below) => {
    expect(() => stream(1, 'integer').integer(below)).toThrow(RangeError);
  });

  test('permutation() holds each index once, in another order each time', () => {
    const source = stream(1, 'permutation');
    const first = source.permutation(1000);

    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(source.permutation(1000)).not.toEqual(first);
  });

  test('shuffle() makes each order of three equally likely', () => {
    const source = stream(1, 'shuffle');
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = source.shuffle(['a', 'b', 'c']).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }

    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });
});
