import swc from 'unplugin-swc';
import { defineConfig } from 'vitest/config';

/** Shared by every project: `vitest run --root . --config ../../vitest.project.ts`. */
export default defineConfig({
  plugins: [swc.vite()], // esbuild drops the decorator metadata NestJS injects by
  ssr: { resolve: { conditions: ['@chromatune/source', 'module', 'node', 'development|production'] } },
  test: {
    include: ['src/**/*.spec.ts'], // not the copies in dist
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
    // Real services on two busy cores: one more try in CI, which the report shows as a retry; none on a developer's machine.
    retry: process.env.CI ? 1 : 0,
  },
});
