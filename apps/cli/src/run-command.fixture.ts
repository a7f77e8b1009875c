import path from 'node:path';
import { runCli } from './run-cli.js';

/** Runs a command that talks to an API and keeps its files in a folder. */
export async function runCommand(argv: string[], { apiUrl, folder }: { apiUrl: string; folder: string }) {
  const out = { stdout: '', stderr: '' };
  const code = await runCli(argv, {
    settings: { repository: folder, apiUrl, cacheFolder: path.join(folder, 'cache'), environment: {} },
    stdout: { write: (text) => (out.stdout += text) },
    stderr: { write: (text) => (out.stderr += text) },
  });
  return { code, ...out };
}
