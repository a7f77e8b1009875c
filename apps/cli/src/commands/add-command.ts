import type { Command } from 'commander';
import { ApiClient } from '../api/api-client.js';
import { findApiUrl } from '../config/settings.js';
import type { Tools } from '../run-cli.js';

export interface Context extends Tools {
  api: ApiClient;
}

/** Options that every command has. */
export interface CommonOptions {
  api?: string;
  dataDir?: string;
}

/** Adds a command with the options that every one has; its work gets arguments and options as they were parsed. */
export function addCommand<Arguments extends unknown[]>(
  parent: Command,
  usage: string,
  description: string,
  tools: Tools,
  work: (context: Context, ...args: Arguments) => Promise<void>,
): Command {
  return addLocalCommand(parent, usage, description, async (...parsed: unknown[]) => {
    const url = findApiUrl(tools.settings, parsed.at(-1) as CommonOptions);
    await work({ ...tools, api: new ApiClient(url) }, ...(parsed as Arguments));
  });
}

/** Adds a command that also does something where there is no API. */
export function addLocalCommand<Arguments extends unknown[]>(
  parent: Command,
  usage: string,
  description: string,
  work: (...args: Arguments) => Promise<void>,
): Command {
  return parent
    .command(usage)
    .description(description)
    .option('--json', 'print JSON, for scripts')
    .option('--api <url>', 'address of the API (else CHROMATUNE_API_URL, else the one that npm start runs)')
    .option('--data-dir <folder>', 'data folder of the npm start to talk to (default: .chromatune)')
    .action((...parsed: unknown[]) => work(...(parsed.slice(0, -1) as Arguments))); // the last one is the command
}
