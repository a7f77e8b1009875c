import type { Baselines } from '@chromatune/contracts';
import { describe, expect, it } from 'vitest';
import { type Area, linesOfBaselines, placeLabels } from './baseline-lines.js';

const metric = 'validation/saturationRatio';
const baselines: Baselines = {
  grey: { abRmse: 14, psnr: 22, metrics: { [metric]: 0, 'validation/psnrPooled': 'Infinity' } },
  meanColor: { abRmse: 15, psnr: 21, metrics: { [metric]: 0.41 } },
};

describe('the lines of what needs no training', () => {
  it('stand once for all runs that share them', () => {
    expect(
      linesOfBaselines([{ baselines }, { baselines }, { baselines: null }], metric, { log: false }),
    ).toEqual([
      { label: 'mean colour 0.410', value: 0.41 },
      { label: 'grey 0.000', value: 0 },
    ]);
  });

  it('are left out where a logarithmic axis has no place for them', () => {
    const lines = linesOfBaselines([{ baselines }], metric, { log: true });

    expect(lines.map(({ label }) => label)).toEqual(['mean colour 0.410']);
  });

  it('are left out where they are not finite', () => {
    expect(linesOfBaselines([{ baselines }], 'validation/psnrPooled', { log: false })).toEqual([]);
  });
});

describe('the label of such a line', () => {
  const chart: Area = { left: 60, top: 4, right: 360, bottom: 154 };
  const place = (...lines: [y: number, width: number][]) =>
    placeLabels(
      lines.map(([y, width]) => ({ y, width })),
      chart,
    ).map(({ box: { left, top } }) => [left, top]);

  it('stands above it, or below it where the chart ends', () => {
    expect(place([100, 90])).toEqual([[64, 85]]);
    expect(place([4, 90])).toEqual([[64, 6]]);
    expect(place([154, 90])).toEqual([[64, 139]]);
  });

  it('gives way to another: below, then beside it', () => {
    expect(place([100, 90], [101, 60])).toEqual([
      [64, 85],
      [64, 103],
    ]);
    expect(place([100, 90], [101, 60], [102, 60])).toEqual([
      [64, 85],
      [64, 103],
      [164, 87],
    ]);
  });

  it('does not leave the chart when two lines are at its end', () => {
    expect(place([153, 90], [154, 60])).toEqual([
      [64, 138],
      [164, 139],
    ]);
  });

  it('takes a row further away where there is no room beside', () => {
    expect(place([153, 200], [154, 200])).toEqual([
      [64, 138],
      [64, 113],
    ]);
  });
});
