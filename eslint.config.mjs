import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Who may import whom. The picture is in ARCHITECTURE.md; test/e2e/src/boundaries.spec.ts plants a violation. */
const boundaries = [
  { sourceTag: 'layer:contracts', onlyDependOnLibsWithTags: [], allowedExternalImports: ['zod'] },
  { sourceTag: 'layer:base', onlyDependOnLibsWithTags: [] },
  { sourceTag: 'layer:platform', onlyDependOnLibsWithTags: ['layer:contracts', 'layer:base'] },
  { sourceTag: 'layer:domain', onlyDependOnLibsWithTags: ['layer:contracts', 'layer:base'] },
  { sourceTag: 'layer:infra', onlyDependOnLibsWithTags: ['layer:infra', 'layer:contracts', 'layer:base'] },
  {
    sourceTag: 'layer:app',
    onlyDependOnLibsWithTags: [
      'layer:domain',
      'layer:platform',
      'layer:infra',
      'layer:contracts',
      'layer:base',
    ],
  },
  {
    sourceTag: 'layer:test-support',
    onlyDependOnLibsWithTags: ['layer:contracts', 'layer:base', 'layer:platform', 'layer:infra'],
  },
  {
    sourceTag: 'layer:e2e',
    onlyDependOnLibsWithTags: [
      'layer:test-support',
      'layer:contracts',
      'layer:base',
      'layer:domain',
      'layer:platform', // journeys look at what is really stored
      'layer:infra',
    ],
  },
  {
    sourceTag: 'io:none',
    onlyDependOnLibsWithTags: ['io:none'],
    bannedExternalImports: ['node:*', 'sharp', 'minio'],
  },
  { sourceTag: 'runs:browser', onlyDependOnLibsWithTags: ['runs:anywhere'] },
  ...['layer:contracts', 'layer:base', 'layer:domain', 'layer:infra', 'layer:app', 'layer:e2e'].map(
    (sourceTag) => ({
      sourceTag,
      bannedExternalImports: ['typeorm', 'pg'],
    }),
  ),
];
/** Specs may also use the helpers of test/support. */
const boundariesOfSpecs = boundaries.map((rule) =>
  rule.onlyDependOnLibsWithTags && rule.sourceTag.startsWith('layer:')
    ? {
        ...rule,
        allowedExternalImports: undefined,
        onlyDependOnLibsWithTags: [...rule.onlyDependOnLibsWithTags, 'layer:test-support'],
      }
    : rule,
);

export default tseslint.config(
  {
    ignores: [
      'vitest.project.ts',
      '**/vitest.config.ts',
      '**/dist/**',
      'libs/models/assembly/**', // AssemblyScript: asc checks it, which picture-kernel.spec.ts runs
      '.nx/**',
      '**/node_modules/**',
      '.chromatune/**',
    ],
  },
  js.configs.recommended,
  tseslint.configs.recommended,
  {
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        performance: 'readonly',
      },
    },
  },
  { files: ['**/*.{ts,tsx}'], rules: { 'no-undef': 'off' } }, // the type checker knows better
  {
    files: ['**/*.{ts,tsx}'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  { plugins: { '@nx': nx } },
  {
    files: ['**/*.{ts,tsx}'],
    ignores: ['**/*.spec.ts', 'vitest.project.ts', '**/vite.config.ts'],
    rules: { '@nx/enforce-module-boundaries': ['error', { depConstraints: boundaries }] },
  },
  {
    files: ['**/*.spec.ts'],
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          depConstraints: boundariesOfSpecs,
          // Their specs use test/support, which uses them; what is built has no cycle.
          ignoredCircularDependencies: ['database', 'storage', 'local'].map((name) => [
            `@chromatune/${name}`,
            '@chromatune/test-support',
          ]),
        },
      ],
    },
  },
  {
    files: ['apps/*/src/**/*.{ts,tsx}', 'libs/*/src/**/*.ts'],
    ignores: ['**/config/**', '**/*.spec.ts', '**/main.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Read settings in config/ or main.ts, and pass on the value.',
        },
      ],
    },
  },
  {
    // Nx sees packages only; Node's own modules are I/O too.
    files: ['libs/{contracts,random,search,models}/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['node:*', 'fs', 'path', 'os', 'crypto'], message: 'This library does no I/O.' },
          ],
        },
      ],
    },
  },
);
