#!/usr/bin/env node
// The command line, as `npx chromatune`. It runs what `npm start` has built.
import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  console.error(
    '✖ The command line is not built yet.\n  → Run npm start once (or npm ci and npm run build), then try again.',
  );
  process.exitCode = 1;
}
