import { expect, it } from 'vitest';
import { secondsLeft } from './expected-end.js';

const minute = 60_000;
const runAt = (epoch: number, state: 'running' | 'completed' | 'queued' = 'running') => ({
  state,
  epoch,
  epochs: 10,
  startedAt: state === 'queued' ? null : new Date(0).toISOString(),
});

it('expects the rest at the pace of what is done', () => {
  // 10 of 40 epochs in 10 minutes
  expect(secondsLeft([runAt(5), runAt(5), runAt(0, 'queued')], 4, 10 * minute)).toBe(30 * 60);
});

it('counts a run that ended early as done, not at its epochs', () => {
  const runs = [{ ...runAt(5, 'completed'), state: 'stoppedEarly' as const }, runAt(5)];

  expect(secondsLeft(runs, 2, 10 * minute)).toBe(5 * 60);
});

it('says nothing before the first epoch or when nothing runs', () => {
  expect(secondsLeft([runAt(0.5)], 2, minute)).toBeNull();
  expect(secondsLeft([runAt(10, 'completed'), runAt(0, 'queued')], 2, minute)).toBeNull();
});
