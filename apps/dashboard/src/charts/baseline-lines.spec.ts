import type { Baselines } from '@chromatune/contracts';
import { describe, expect, it } from 'vitest';
import { linesOfBaselines } from './baseline-lines.js';

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
