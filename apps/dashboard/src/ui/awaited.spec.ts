import type { RunState } from '@chromatune/contracts';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { Awaited } from './awaited.js';

it.each<[RunState[], string]>([
  [['running'], 'It comes.'],
  [['failed', 'queued'], 'It comes.'],
  [['failed'], 'It ended before its first epoch.'],
  [['failed', 'cancelled'], 'They ended before their first epoch.'],
])('promises nothing of runs that have ended: %j', (states, text) => {
  const runs = states.map((state) => ({ state }));

  const page = renderToStaticMarkup(createElement(Awaited, { runs, first: 'epoch', children: 'It comes.' }));

  expect(page).toBe(`<p class="table-empty">${text}</p>`);
});

it('says nothing while it is not known what they have brought', () => {
  const runs = [{ state: 'completed' as const }];

  const page = renderToStaticMarkup(
    createElement(Awaited, { runs, first: 'samples', isKnown: false, children: '' }),
  );

  expect(page).toBe('');
});
