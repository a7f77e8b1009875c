import { expect, it } from 'vitest';
import { betterOrWorse } from './objective.js';

it('says better or worse as the goal has it: a rise is good in some metrics and bad in others', () => {
  const error = { metric: 'validation/abRmse', goal: 'minimize' } as const;
  const area = { metric: 'validation/auc', goal: 'maximize' } as const;

  expect(betterOrWorse(12, 14, error)).toBe('better');
  expect(betterOrWorse(16, 14, error)).toBe('worse');
  expect(betterOrWorse(0.9, 0.8, area)).toBe('better');
  expect(betterOrWorse(0.7, 0.8, area)).toBe('worse');
  expect(betterOrWorse(14, 14, error)).toBe('');
  expect(betterOrWorse(14.001, 14, error)).toBe(''); // beside ±0.0 %
  expect(betterOrWorse(0.1, 0, area)).toBe('better'); // where there is no share
});
