import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

export interface StartOptions {
  dataFolder: string;
  port: number;
  /** A folder of the user's own pictures to import and train on. */
  photos: string | undefined;
  launchSweep: boolean;
}

export const defaultPort = 4300;

export const usage = `npm start -- [options]

  --photos DIR     train on your own pictures (JPEG, PNG, WebP, TIFF, AVIF)
  --data-dir DIR   where everything is kept (default: .chromatune in this folder)
  --port N         port of the dashboard (default ${defaultPort}, the next free one if taken)
  --no-sweep       start without the first photographs and the first sweep
  --help           this text
`;

/** Reads the arguments of `npm start`. Throws an Error that names the wrong one. */
export function readOptions(argv: string[], root: string): StartOptions | 'help' {
  const { values } = parseArgs({
    args: argv,
    allowNegative: true,
    options: {
      photos: { type: 'string' },
      'data-dir': { type: 'string' },
      port: { type: 'string' },
      sweep: { type: 'boolean', default: true },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return 'help';
  return {
    dataFolder: resolveFolder(values['data-dir'] ?? path.join(root, '.chromatune')),
    port: readPort(values.port),
    photos: values.photos === undefined ? undefined : resolveFolder(values.photos),
    launchSweep: values.sweep,
  };
}

function readPort(text: string | undefined): number {
  if (text === undefined) return defaultPort;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new Error(`--port ${text} is not a port: give a whole number from 1 to 65535.`);
}

/** Relative to where the user typed the command: npm changes the working folder, INIT_CWD keeps the first one. */
function resolveFolder(folder: string): string {
  const expanded = folder.startsWith('~/') ? path.join(os.homedir(), folder.slice(2)) : folder;
  return path.resolve(process.env.INIT_CWD ?? process.cwd(), expanded);
}
