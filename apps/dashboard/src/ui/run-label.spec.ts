import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { RunLabel } from './run-label.js';

it.each([
  ['regression · lr 1.59e-4 · batch 16', 'regression · lr <span class="unbroken">1.59e-4</span> · batch 16'],
  ['lr 3e-4 · eps 1e-10', 'lr <span class="unbroken">3e-4</span> · eps <span class="unbroken">1e-10</span>'],
  ['rebalanced released-code', 'rebalanced released-code'],
])('keeps the numbers of %j on one line', (label, html) => {
  expect(renderToStaticMarkup(createElement(RunLabel, { label }))).toBe(html);
});
