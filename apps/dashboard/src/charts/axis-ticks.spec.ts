import type { MetricName } from '@chromatune/contracts';
import { describe, expect, it } from 'vitest';
import { formatTick, widened } from './axis-ticks.js';

const labels = (metric: MetricName, ticks: number[]) => ticks.map((tick) => formatTick(metric, tick, ticks));

describe('the ticks of an axis', () => {
  it('are as short as they can be', () => {
    expect(labels('validation/abRmse', [14, 14.5, 15])).toEqual(['14', '14.5', '15']);
    expect(labels('train/loss', [0, 0.1, 0.2, 0.1 + 0.2])).toEqual(['0', '0.1', '0.2', '0.3']);
    expect(labels('train/loss', [-0.2, 0, 0.2])).toEqual(['-0.2', '0', '0.2']);
  });

  it('have the digits that tell one from the next', () => {
    expect(labels('train/learningRate', [1.5e-4, 1.55e-4, 1.6e-4])).toEqual(['1.5e-4', '1.55e-4', '1.6e-4']);
    expect(labels('train/learningRate', [0, 5e-5, 1e-4])).toEqual(['0', '5e-5', '1e-4']);
    expect(labels('validation/abRmse', [14.2702, 14.2704, 14.2706])).toEqual([
      '14.2702',
      '14.2704',
      '14.2706',
    ]);
    expect(labels('system/memoryBytes', [1.2e9, 1.201e9])).toEqual(['1.2000 GB', '1.2010 GB']);
    expect(labels('system/memoryBytes', [0, 4e8, 8e8])).toEqual(['0 B', '400 MB', '800 MB']);
  });

  it('have an exponent where zeros would be cut off', () => {
    expect(labels('train/loss', [0, 5e8, 1e9])).toEqual(['0', '5e8', '1e9']);
    expect(labels('train/loss', [0, 5e-5, 1e-4])).toEqual(['0', '5e-5', '1e-4']);
    expect(labels('train/loss', [0, 20_000, 40_000])).toEqual(['0', '20000', '40000']);
  });

  it('of a logarithmic axis keep their own digits', () => {
    expect(labels('train/loss', [0.02, 0.1, 1, 15])).toEqual(['0.02', '0.1', '1', '15']);
    expect(labels('train/loss', [1, 1e8, 1e16])).toEqual(['1e0', '1e8', '1e16']);
  });

  it('say the share of time as its read-out does', () => {
    expect(labels('train/dataWait', [0, 0.005, 0.01])).toEqual(['0 %', '0.5 %', '1 %']);
  });

  it('may be a single one', () => {
    expect(labels('train/loss', [2.5])).toEqual(['2.5']);
  });
});

describe('the ends of an axis', () => {
  it('stay where the values differ', () => {
    expect(widened(14, 15)).toEqual([14, 15]);
    expect(widened(0, 0)).toEqual([0, 0]);
  });

  it('move apart where only rounding does', () => {
    const [min, max] = widened(14.27, 14.27 + 2e-9);

    expect(max - min).toBeCloseTo(14.27e-4, 8);
    expect((min + max) / 2).toBeCloseTo(14.27, 8);
  });
});
