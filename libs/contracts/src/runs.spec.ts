import { describe, expect, it } from 'vitest';
import { type MetricName } from './metrics.js';
import { type Baselines, baselines as schema, baselinesOf, floorOf, hasLearned, type Run } from './runs.js';

const measured: Baselines = {
  grey: { abRmse: 16, psnr: 22, metrics: { 'validation/auc': 0.885, 'validation/psnrPooled': 'Infinity' } },
  meanColor: { abRmse: 15, psnr: 23, metrics: { 'validation/auc': 0.89 } },
};
const ofLoss = (loss: number) => ({ metric: 'validation/loss' as const, loss });
const classification: Baselines = { ...measured, marginal: ofLoss(2.5), floor: ofLoss(0.7) };
const infinite: Baselines = { ...measured, marginal: { metric: 'validation/loss', loss: 'Infinity' } };

describe('what needs no training', () => {
  it('is known of a metric where it was measured', () => {
    expect(baselinesOf(measured, 'validation/abRmse')).toEqual([
      { name: 'mean colour', value: 15 },
      { name: 'grey', value: 16 },
    ]);
    expect(baselinesOf(measured, 'validation/auc').map(({ value }) => value)).toEqual([0.89, 0.885]);
    expect(baselinesOf(measured, 'validation/psnrPooled')).toEqual([{ name: 'grey', value: Infinity }]);
    expect(baselinesOf(measured, 'validation/loss')).toEqual([]);
    expect(baselinesOf(classification, 'validation/loss')).toEqual([
      { name: 'marginal distribution', value: 2.5 },
    ]);
    expect(floorOf(classification, 'validation/loss')).toBe(0.7);
    expect(floorOf(classification, 'validation/abRmse')).toBe(null);
    const combined: Baselines = {
      ...measured,
      marginal: { metric: 'validation/lossClassification', loss: 2.5 },
    };
    expect(baselinesOf(combined, 'validation/lossClassification')).toHaveLength(1);
    expect(baselinesOf(combined, 'validation/loss')).toEqual([]);
    expect(baselinesOf(null, 'validation/abRmse')).toEqual([]);
  });

  it('begins with the best, whichever it is and whether more or less is better', () => {
    const grey = { abRmse: 14.27, psnr: 25, metrics: { 'validation/saturationRatio': 0 } };
    const meanColor = { abRmse: 14.83, psnr: 24, metrics: { 'validation/saturationRatio': 0.4 } };
    const namesOf = (baselines: Baselines, metric: MetricName) =>
      baselinesOf(baselines, metric).map(({ name }) => name);

    expect(namesOf({ grey, meanColor }, 'validation/abRmse')).toEqual(['grey', 'mean colour']);
    expect(namesOf({ grey, meanColor }, 'validation/psnr')).toEqual(['grey', 'mean colour']);
    expect(namesOf({ grey: meanColor, meanColor: grey }, 'validation/psnr')).toEqual(['mean colour', 'grey']);
    expect(namesOf({ grey, meanColor }, 'validation/saturationRatio')).toEqual(['mean colour', 'grey']);
  });

  it('of older runs has two metrics, and still can be read', () => {
    const old = { grey: { abRmse: 16, psnr: 22 }, meanColor: { abRmse: 15, psnr: 23 } };

    expect(baselinesOf(schema.parse(old), 'validation/psnr').map(({ value }) => value)).toEqual([23, 22]);
    expect(baselinesOf(schema.parse(old), 'validation/auc')).toEqual([]);
  });
});

describe('a run has learned', () => {
  it.each([
    ['nothing, when one predictor is as good', { 'validation/abRmse': 15 }, measured, false],
    ['nothing, when it is below by rounding alone', { 'validation/abRmse': 15 - 2e-9 }, measured, false],
    ['nothing, when it is below by less than a thousandth', { 'validation/abRmse': 14.986 }, measured, false],
    ['when it is below by more than that', { 'validation/abRmse': 14.984 }, measured, true],
    ['when it is better than all', { 'validation/abRmse': 14.9 }, measured, true],
    ['when what needs no training is beyond all numbers', { 'validation/loss': 9 }, infinite, true],
    [
      'nothing in bins, when its loss is that of the marginal',
      { 'validation/loss': 2.5 },
      classification,
      false,
    ],
    ['in bins by its loss alone', { 'validation/loss': 2.4, 'validation/abRmse': 99 }, classification, true],
    ['who knows what before its first validation', {}, classification, null],
    ['who knows what without baselines', { 'validation/abRmse': 1 }, null, null],
  ] as const)('%s', (_name, values, baselines, expected) => {
    const best = Object.fromEntries(
      Object.entries(values).map(([metric, value]) => [metric, { value, epoch: 1, step: 1 }]),
    ) as Run['best'];

    expect(hasLearned({ best, baselines })).toBe(expected);
  });
});
