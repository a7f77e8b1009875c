import type { Run } from '@chromatune/contracts';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { NothingLearned, NothingLearnedLegend, NothingLearnedSign } from './states.js';

const run = {
  learned: false,
  best: { 'validation/abRmse': { value: 18.92, epoch: 1 } },
  baselines: { grey: { abRmse: 14.06 }, meanColor: { abRmse: 14.59 } },
} as unknown as Run;
const why = 'best ab RMSE 18.92, not 0.1 % below grey 14.06 and mean colour 14.59';

it('tells without a mouse why a run has learned nothing yet', () => {
  expect(renderToStaticMarkup(createElement(NothingLearned, { run }))).toContain(`>${why}<`);
  expect(renderToStaticMarkup(createElement(NothingLearnedSign, { run }))).toContain(
    `aria-label="has learned nothing yet: ${why}"`,
  );
});

it('says nothing of a run that has learned something', () => {
  const learned = { ...run, learned: true };

  expect(renderToStaticMarkup(createElement(NothingLearned, { run: learned }))).toBe('');
});

it('says below a table by what they are judged: the column above may be another metric', () => {
  const legend = renderToStaticMarkup(createElement(NothingLearnedLegend, { runs: [run] }));

  expect(legend).toContain('in ab RMSE or, where it predicts bins, in the validation loss');
});
