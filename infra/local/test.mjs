#!/usr/bin/env node
// `npm test`: the same set-up as `npm start`, then every check there is. `.ci/run` calls this.
import { bootstrap } from './bootstrap.mjs';

await bootstrap({ everything: true });
const { testMain } = await import('./dist/test-main.js');
process.exit(await testMain(process.argv.slice(2)));
