import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatBytes,
  formatChange,
  formatDuration,
  formatMetric,
  formatMetricWithUnit,
  formatParameter,
  formatParameterInFull,
  plural,
} from './format.js';

describe('formatMetric', () => {
  it.each([
    ['validation/abRmse', 14.7321, '14.73'],
    ['validation/psnr', 22, '22.00'],
    ['validation/auc', 0.88512, '0.8851'],
    ['validation/top5', 0.25, '0.250'],
    ['train/loss', 0.013296, '0.01330'],
    ['train/loss', 3.0241, '3.024'],
    ['train/loss', 0.0000423, '4.23e-5'],
    ['train/learningRate', 0.0003, '3e-4'],
    ['train/learningRate', 0.000159, '1.59e-4'],
    ['train/learningRate', 0, '0'],
    ['train/imagesPerSecond', 212.4, '212'],
    ['train/imagesPerSecond', 3.14, '3.1'],
    ['train/dataWait', 0.0123, '1.2 %'],
    ['system/memoryBytes', 610_000_000, '610 MB'],
  ] as const)('%s %d is %s', (metric, value, text) => {
    expect(formatMetric(metric, value)).toBe(text);
  });

  it('spells out what is no number', () => {
    expect(formatMetric('train/loss', 'NaN')).toBe('NaN');
    expect(formatMetric('train/loss', '-Infinity')).toBe('−∞');
    expect(formatMetric('train/loss', undefined)).toBe('–');
  });

  it('adds the unit only to a value', () => {
    expect(formatMetricWithUnit('validation/psnr', 22)).toBe('22.00 dB');
    expect(formatMetricWithUnit('validation/psnr', undefined)).toBe('–');
  });
});

describe('formatParameter', () => {
  it.each([
    [0.00032, '3.2e-4'],
    [16, '16'],
    [0.5, '0.5'],
    [0.38, '0.38'],
    ['gamut', 'gamut'],
    [true, 'true'],
    [0.000158671, '1.587e-4'],
    [0.158671, '0.1587'],
    [12345678, '12345678'],
    ['e6cd13505368c9619d29838e95110584cfb239d023b60efd84cd6745b760d982', 'e6cd13505368'],
    [undefined, '–'],
  ] as const)('%s is %s', (value, text) => {
    expect(formatParameter(value)).toBe(text);
  });

  it('has a sibling that leaves no digit out', () => {
    expect(formatParameterInFull(0.000158671)).toBe('1.58671e-4');
    expect(formatParameterInFull(0.158671)).toBe('0.158671');
    expect(formatParameterInFull('gamut')).toBe('gamut');
    expect(formatParameterInFull(undefined)).toBe('–');
  });
});

it('formats bytes in powers of a thousand, without "1000 kB"', () => {
  expect(formatBytes(999)).toBe('999 B');
  expect(formatBytes(999_900)).toBe('1.00 MB');
  expect(formatBytes(34_100_000)).toBe('34.1 MB');
});

it('formats durations by their two largest units', () => {
  expect(formatDuration(7.9)).toBe('7 s');
  expect(formatDuration(252)).toBe('4 m 12 s');
  expect(formatDuration(7380)).toBe('2 h 03 m');
  expect(formatDuration(90_000)).toBe('1 d 01 h');
  expect(formatDuration(Number.NaN)).toBe('–');
});

it('says how long ago in one unit, never in the future', () => {
  const now = Date.parse('2026-03-01T12:00:00Z');

  expect(formatAge('2026-03-01T11:59:59.500Z', now)).toBe('now');
  expect(formatAge('2026-03-01T11:55:30Z', now)).toBe('4 m ago');
  expect(formatAge('2026-03-01T09:00:00Z', now)).toBe('3 h ago');
  expect(formatAge('2026-03-01T12:00:07Z', now)).toBe('now');
  expect(formatAge(null, now)).toBe('–');
});

it('signs a change', () => {
  expect(formatChange(8.18, 10)).toBe('−18.2 %');
  expect(formatChange(10.5, 10)).toBe('+5.0 %');
  expect(formatChange(10, 10)).toBe('±0.0 %');
  expect(formatChange(10 - 2e-9, 10)).toBe('±0.0 %');
  expect(formatChange(10.004, 10)).toBe('±0.0 %');
  expect(formatChange(9.994, 10)).toBe('−0.1 %');
  expect(formatChange(1, 0)).toBe('');
  expect(formatChange(30, Infinity)).toBe('');
  expect(formatChange(undefined, 10)).toBe('');
});

it('counts nouns', () => {
  expect(plural(1, 'run')).toBe('1 run');
  expect(plural(12_000, 'run')).toBe('12\u202f000 runs');
});
