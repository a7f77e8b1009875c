import { expect, it } from 'vitest';
import { withOwnLabels } from './own-labels.js';

it('adds the id to a label that several runs have', () => {
  const runs = [
    { id: 'a-0', label: 'regression' },
    { id: 'a-1', label: 'classification' },
    { id: 'a-0-r1', label: 'regression' },
  ];

  expect(withOwnLabels(runs).map(({ label }) => label)).toEqual([
    'regression (a-0)',
    'classification',
    'regression (a-0-r1)',
  ]);
});
