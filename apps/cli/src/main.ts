import { fileURLToPath } from 'node:url';
import { readSettings } from './config/settings.js';
import { runCli } from './run-cli.js';

// `chromatune … | head` stops reading when it has enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await runCli(process.argv.slice(2), {
  settings: readSettings(process.env, fileURLToPath(new URL('../../..', import.meta.url))),
  stdout: process.stdout,
  stderr: process.stderr,
});
