#!/usr/bin/env node
// `npm start`: sets everything up, then runs the platform. See README.md for its options.
import { bootstrap } from './bootstrap.mjs';

await bootstrap();
const { main } = await import('./dist/main.js');
await main(process.argv.slice(2));
