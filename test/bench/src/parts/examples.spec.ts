import type { MetricName, Run } from '@chromatune/contracts';
import { expect, it } from 'vitest';
import { isMet } from '../part.js';
import { report } from './examples.js';

const baselines: Run['baselines'] = {
  grey: { abRmse: 17, psnr: 20, metrics: { 'validation/aucRebalanced': 0.6 } },
  meanColor: { abRmse: 16, psnr: 21, metrics: { 'validation/aucRebalanced': 0.61 } },
};

it('shows the last and the best epoch beside what needs no training', () => {
  const marginal = { metric: 'validation/loss' as const, loss: 2.8 };
  const { rows, checks, notes } = reportOf(
    { baselines, latest: { 'validation/abRmse': 18 }, best: bestOf('validation/abRmse', 15), learned: true },
    {
      baselines: { ...baselines, marginal },
      latest: { 'validation/abRmse': 15.5, 'validation/loss': 2.9 },
      best: { ...bestOf('validation/abRmse', 15), ...bestOf('validation/loss', 2.85) },
      learned: false,
    },
  );

  expect(rows).toMatchObject([
    { 'ab RMSE': 18, best: 15, grey: 17, 'mean colour': 16, learned: 'yes' },
    { 'ab RMSE': 15.5, best: 15, loss: 2.9, lowest: 2.85, marginal: 2.8, learned: 'no' },
  ]);
  expect(checks.filter((check) => !isMet(check))).toEqual([]);
  expect(notes.join()).toMatch(
    /1 of 2; of the runs that predict bins, by their loss, 0 of 1\..*epoch: 1 of 2/s,
  );
});

it.each<[string, Partial<Run>]>([
  ['between the mean colour and grey', { baselines, best: bestOf('validation/abRmse', 16.5) }],
  ['in another metric', { baselines, best: bestOf('validation/aucRebalanced', 0.7) }],
  ['nowhere', {}],
])('is not content when the best epoch of a run is %s', (_, run) => {
  expect(reportOf(run).checks.filter((check) => !isMet(check))).toMatchObject([{ value: 1, atMost: 0 }]);
});

it('asks for more where more is better', () => {
  const objective = 'validation/aucRebalanced' as const;
  const metIn = (value: number) =>
    report([{ ...example({ baselines, best: bestOf(objective, value) }), objective }]).checks.map(isMet);

  expect(metIn(0.62)).toEqual([true, true, true]);
  expect(metIn(0.605)).toEqual([true, true, false]);
});

it('is not content when a run fails or a file takes long', () => {
  const good = { baselines, best: bestOf('validation/abRmse', 15) };

  expect(reportOf({ ...good, state: 'failed' }).checks.map(isMet)).toEqual([false, true, true]);
  expect(report([{ ...example(good), minutes: 60 }]).checks.map(isMet)).toEqual([true, false, true]);
});

const reportOf = (...runs: Partial<Run>[]) => report([example(...runs)]);

const example = (...runs: Partial<Run>[]) => ({
  name: 'an-example',
  minutes: 3,
  objective: 'validation/abRmse' as const,
  runs: runs.map(
    (run) => ({ label: 'a run', state: 'completed', latest: {}, best: {}, baselines: null, ...run }) as Run,
  ),
});

function bestOf(metric: MetricName, value: number): Run['best'] {
  return { [metric]: { value, epoch: 3, step: 30 } };
}
