import type { Run } from '@chromatune/contracts';
import { expect, it } from 'vitest';
import { isMet } from '../part.js';
import { report } from './examples.js';

const baselines: Run['baselines'] = {
  grey: { abRmse: 17, psnr: 20 },
  meanColor: { abRmse: 16, psnr: 21 },
};
const ofBins = { ...baselines, marginal: { metric: 'validation/loss' as const, loss: 2.8 } };

it('is content when all runs end better than what needs no training', () => {
  const { rows, checks } = reportOf(
    { baselines, latest: { 'validation/abRmse': 15 } },
    { baselines: ofBins, latest: { 'validation/abRmse': 18, 'validation/loss': 2.5 } }, // the loss counts
  );

  expect(checks.filter((check) => !isMet(check))).toEqual([]);
  expect(rows).toMatchObject([
    { 'ab RMSE': 15, grey: 17, 'mean colour': 16, learned: 'yes' },
    { 'ab RMSE': 18, loss: 2.5, marginal: 2.8, learned: 'yes' },
  ]);
});

it.each<[string, Partial<Run>]>([
  ['between the mean colour and grey', { baselines, latest: { 'validation/abRmse': 16.5 } }],
  ['at a loss above the marginal distribution', { baselines: ofBins, latest: { 'validation/loss': 2.9 } }],
  ['in NaN', { baselines, latest: { 'validation/abRmse': 'NaN' } }],
  ['without a validation', {}],
])('is not when one ends %s', (_, run) => {
  const { rows, checks } = reportOf(run);

  expect(checks.filter((check) => !isMet(check))).toMatchObject([{ value: 1, atMost: 0 }]);
  expect(rows).toMatchObject([{ learned: 'no' }]);
});

it('is not when a run fails or a file takes long', () => {
  const learned = { baselines, latest: { 'validation/abRmse': 15 } };

  expect(reportOf({ ...learned, state: 'failed' }).checks.map(isMet)).toEqual([false, true, true]);
  expect(report([{ ...example(learned), minutes: 60 }]).checks.map(isMet)).toEqual([true, false, true]);
});

const reportOf = (...runs: Partial<Run>[]) => report([example(...runs)]);

const example = (...runs: Partial<Run>[]) => ({
  name: 'an-example',
  minutes: 3,
  objective: 'validation/abRmse' as const,
  runs: runs.map(
    (run) => ({ label: 'a run', state: 'completed', latest: {}, baselines: null, ...run }) as Run,
  ),
});
