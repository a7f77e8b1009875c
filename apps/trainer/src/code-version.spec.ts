import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { codeVersion, digestOfSources } from './code-version.js';

it('is a digest of the sources of this program', async () => {
  expect(await codeVersion()).toMatch(/^[0-9a-f]{16}$/);
});

const sources = { 'step.ts': 'export const one = 1;\n', 'losses/mse.ts': 'export {};\n' };

it.each([
  ['what a source says', { 'step.ts': 'export const one = 2;\n' }],
  ['where it lies', { 'losses/step.ts': sources['step.ts'] }],
  ['one more', { 'losses/huber.ts': '' }],
])('depends on %s', async (_what, changed) => {
  expect(await digestOf({ ...sources, ...changed })).not.toBe(await digestOf(sources));
});

it.each([
  ['line ends', { 'step.ts': sources['step.ts'].replaceAll('\n', '\r\n') }],
  ['tests', { 'step.spec.ts': 'test' }],
  [
    'what only tests use',
    { 'testing/train.ts': 'help', 'losses/testing/x.ts': 'help', 'mse.fixture.ts': 'data' },
  ],
  ['other files', { 'step.d.ts': 'type', 'README.md': 'text' }],
])('does not depend on %s', async (_what, changed) => {
  expect(await digestOf({ ...sources, ...changed })).toBe(await digestOf(sources));
});

function digestOf(files: Record<string, string>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'chromatune-sources-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return digestOfSources([{ label: 'spec', folder, path: folder }]);
}
