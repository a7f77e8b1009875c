import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { verdictText } from '../commands/verdict-text.js';
import { ageText, bytesText, count, largeText, metricTextWithUnit, numberText } from './format.js';
import { Output } from './output.js';
import { facts, table } from './table.js';

const plain = pc.createColors(false);
const colored = pc.createColors(true);

describe('numbers for people', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [3.8 * 1024 ** 3, '3.8 GiB'],
    [200 * 1024 ** 2, '200 MiB'],
  ])('%d bytes are %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));

  it.each([
    [0, '0'],
    [512, '512'],
    [118_013_952, '118.0 M'],
    [2_000_000, '2.000 M'],
    [3_123_012_345, '3.123 G'],
    [513_482_300_000, '513.5 G'],
  ])('%d in four digits is %s', (value, text) => expect(largeText(value)).toBe(text));

  it.each([
    [14.73491, '14.73'],
    [3, '3'],
    [0.00012346, '0.0001235'],
    [1.2345e-7, '1.23e-7'],
    [1e-5, '1e-5'],
    ['NaN', 'NaN'],
    [undefined, '–'],
  ])('%s is shown as %s', (value, text) => expect(numberText(value)).toBe(text));

  it.each([
    ['validation/psnr', 19.3, '19.30 dB'],
    ['validation/auc', 0.906, '0.9060'],
    ['validation/saturationRatio', 0, '0'],
    ['validation/psnrPooled', 'Infinity', 'Infinity dB'],
    ['train/imagesPerSecond', 1234.56, '1235 images/s'],
    ['train/loss', 0.00012345, '1.23e-4'],
    ['train/learningRate', 0.001, '0.001'],
    ['train/dataWait', 0.01207, '1.2 %'],
    ['system/memoryBytes', 690 * 1024 ** 2, '690 MiB'],
    ['validation/abRmse', undefined, '–'],
  ] as const)('%s of %s is shown as %s', (metric, value, text) =>
    expect(metricTextWithUnit(metric, value)).toBe(text),
  );

  it('ages in the unit that says enough', () => {
    const now = Date.parse('2026-01-10T12:00:00Z');

    expect(ageText('2026-01-10T11:59:48Z', now)).toBe('12 s');
    expect(ageText('2026-01-10T11:00:00Z', now)).toBe('1 h');
    expect(ageText('2026-01-10T12:00:05Z', now)).toBe('0 s'); // a clock that is ahead
    expect(ageText('2026-01-01T12:00:00Z', now)).toBe('9 d');
  });

  it('counts', () => {
    expect([count(1, 'run'), count(1200, 'run')]).toEqual(['1 run', '1,200 runs']);
  });
});

describe('tables', () => {
  it('are aligned, whatever is coloured', () => {
    const rows = [
      { name: colored.red('a'), value: 5 },
      { name: 'long', value: 1000 },
    ];
    const columns = [
      { title: 'NAME', value: (row: (typeof rows)[number]) => row.name },
      { title: 'VALUE', value: (row: (typeof rows)[number]) => String(row.value), right: true },
    ];

    const lines = table(rows, columns, plain).split('\n');

    expect(lines[0]).toBe('NAME  VALUE');
    expect(lines[1]).toBe(`${colored.red('a')}         5`);
    expect(lines[2]).toBe('long   1000');
  });

  it('leave out facts that are not known', () => {
    expect(
      facts(
        [
          ['run', 'a'],
          ['sweep', null],
          ['state', 'ok'],
        ],
        plain,
      ),
    ).toBe('run    a\nstate  ok');
  });
});

it('writes no colours to a file, and no notes with --json', () => {
  const out = { text: '', write: (text: string) => (out.text += text) };
  const terminal = new Output({ ...out, isTTY: false }, out, true);

  terminal.note('a note');

  expect(terminal.colors.red('x')).toBe('x');
  expect(out.text).toBe('');
});

describe('verdicts', () => {
  it.each([
    [
      { verdict: 'IDENTICAL', steps: 36, weightsSha256: 'ab'.repeat(32) } as const,
      /^IDENTICAL: 36 steps and the final weights \(abababababab\)/,
    ],
    [
      {
        verdict: 'EQUIVALENT',
        largestLossDifference: 1e-6,
        largestWeightDifference: 2e-5,
        band: 1e-4,
        reason: 'Another engine.',
      } as const,
      /^EQUIVALENT: losses differ by 1e-6 .* inside the band of 0.0001\. Another engine\.$/,
    ],
    [
      { verdict: 'DIVERGED', step: 2, original: 0.1, reproduced: 'NaN', largestLossDifference: 0.5 } as const,
      /^DIVERGED at step 2: the loss was 0\.1 and is NaN/,
    ],
    [
      { verdict: 'NOT REPRODUCIBLE', reason: 'the dataset is gone' } as const,
      /^NOT REPRODUCIBLE because the dataset is gone\.$/,
    ],
  ])('%o', (verdict, words) => {
    expect(verdictText(verdict, plain)).toMatch(words);
  });
});
