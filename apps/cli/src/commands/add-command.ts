import type { Command } from 'commander';
import { ApiClient } from '../api/api-client.js';
import { findApiUrl } from '../config/settings.js';
import type { Tools } from '../run-cli.js';

export interface Context extends Tools {
  api: ApiClient;
}

/** Options that every command has. */
interface CommonOptions {
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
  return parent
    .command(usage)
    .description(description)
    .option('--json', 'print JSON, for scripts')
    .option('--api <url>', 'address of the API (else CHROMATUNE_API_URL, else the one that npm start runs)')
    .option('--data-dir <folder>', 'data folder of the npm start to talk to (default: .chromatune)')
    .action(async (...parsed: unknown[]) => {
      const command = parsed.pop() as Command;
      const url = findApiUrl(tools.settings, command.opts<CommonOptions>());
      await work({ ...tools, api: new ApiClient(url) }, ...(parsed as Arguments));
    });
}
