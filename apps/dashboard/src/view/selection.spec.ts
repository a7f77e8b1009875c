import { expect, it } from 'vitest';
import { whyNoneShown } from './selection.js';

const queued = { state: 'queued', note: 'waits for a free slot' } as const;

it('asks to tick runs only where somebody has unticked them', () => {
  expect(whyNoneShown([queued], [])).toBe('Tick runs in the table to see their curves and samples.');
});

it.each([
  [[], 'No run has started yet.'],
  [[{ state: 'paused', note: null }, queued], 'No run has started yet: waits for a free slot.'],
  [[{ state: 'cancelled', note: null }], 'No run was started.'],
] as const)('says why none of these has started: %j', (runs, text) => {
  expect(whyNoneShown(runs, null)).toBe(text);
});
