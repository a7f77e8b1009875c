import { expect, it } from 'vitest';
import { fromMeasured, measured, point, protocolOf, toMeasured } from './metrics.js';

it.each([0.1, -0, 1e-300, NaN, Infinity, -Infinity])('carries %s through JSON', (value) => {
  const carried = measured.parse(JSON.parse(JSON.stringify(toMeasured(value))));

  expect(fromMeasured(carried)).toBe(value === 0 ? 0 : value);
});

it('says of what pictures and weights a validation metric is, beside how it is measured', () => {
  expect(protocolOf('validation/ssim')).toMatch(
    /^8-bit RGB, .* own image size, .* the averaged weights are measured\.$/,
  );
  expect(protocolOf('train/loss')).not.toMatch(/image size/);
});

it.each(['abRmse', 'auc', 'saturationRatio'] as const)('says that %s is of unclipped colours', (metric) => {
  expect(protocolOf(`validation/${metric}`)).toMatch(/Predicted ab is not clipped to the gamut\./);
});

it.each(['top1', 'top5'] as const)('says which bin %s looks for', (metric) => {
  expect(protocolOf(`validation/${metric}`)).toMatch(/nearest one; of the corner set .* the cell/);
});

it.each([{ seq: 0 }, { metric: 'train/lossy' }, { value: null }, { value: 'nan' }, { at: 'yesterday' }])(
  'refuses a point with %o',
  (wrong) => {
    const right = {
      seq: 1,
      metric: 'train/loss',
      step: 1,
      epoch: 0.1,
      value: 'NaN',
      at: '2026-11-23T04:00:00.000Z',
    };

    expect(point.safeParse(right).success).toBe(true);
    expect(point.safeParse({ ...right, ...wrong }).success).toBe(false);
  },
);
