import { expect, it } from 'vitest';
import { codeVersion } from './code-version.js';

it('is one digest of the sources that make the numbers', async () => {
  expect(await codeVersion()).toMatch(/^[0-9a-f]{16}$/);
  expect(await codeVersion()).toBe(await codeVersion());
});
