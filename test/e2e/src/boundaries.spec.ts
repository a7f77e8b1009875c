import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { repository } from '@chromatune/test-support';
import { ESLint } from 'eslint';
import { beforeAll, expect, it } from 'vitest';

/** Files that do not exist, whose imports lint must refuse: one for each wall of the house. */
const planted = [
  {
    file: 'libs/models/src/planted.ts',
    code: `import { openObjectStore } from '@chromatune/storage';\nopenObjectStore('');\n`,
  },
  { file: 'libs/search/src/planted.ts', code: `import fs from 'node:fs';\nfs.readFileSync('x');\n` },
  {
    file: 'libs/contracts/src/planted.ts',
    code: `import { stream } from '@chromatune/random';\nstream(1, 'x');\n`,
  },
  {
    file: 'apps/api/src/planted.ts',
    code: `import { DataSource } from 'typeorm';\nnew DataSource({ type: 'postgres' });\n`,
  },
  { file: 'apps/trainer/src/planted.ts', code: `import pg from 'pg';\nnew pg.Client();\n` },
  {
    file: 'apps/dashboard/src/planted.ts',
    code: `import { openDatabase } from '@chromatune/database';\nopenDatabase('');\n`,
  },
];
const allowed = {
  file: 'libs/models/src/planted.ts',
  code: `import { stream } from '@chromatune/random';\nstream(1, 'x');\n`,
};

beforeAll(() => {
  // The rule reads Nx's project graph and keeps silent without one.
  execFileSync('node_modules/.bin/nx', ['show', 'projects'], {
    cwd: repository,
    env: { ...process.env, NX_DAEMON: 'false' },
  });
});

it.each(planted)('refuses a planted import in $file', async ({ file, code }) => {
  expect(await boundaryMessages(file, code)).toHaveLength(1);
});

it('allows what the table allows', async () => {
  expect(await boundaryMessages(allowed.file, allowed.code)).toEqual([]);
});

async function boundaryMessages(file: string, code: string): Promise<string[]> {
  const eslint = new ESLint({
    cwd: repository,
    ruleFilter: ({ ruleId }) => ['@nx/enforce-module-boundaries', 'no-restricted-imports'].includes(ruleId),
    overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
  });
  const [result] = await eslint.lintText(code, { filePath: path.join(repository, file) });
  return result!.messages.map(({ message }) => message);
}
