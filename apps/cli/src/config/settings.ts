import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DomainError } from '@chromatune/contracts';
import { cacheFolder } from '@chromatune/engine/cache-folder';
import { z } from 'zod';

export interface Settings {
  /** Root of the checked-out repository. */
  repository: string;
  /** `CHROMATUNE_API_URL`, where it is set. */
  apiUrl: string | undefined;
  /** Downloads and half-made imports, shared by all clones. */
  cacheFolder: string;
  /** Environment for programs that are started, and for what they read themselves. */
  environment: NodeJS.ProcessEnv;
}

export function readSettings(environment: NodeJS.ProcessEnv, repository: string): Settings {
  return {
    repository: path.resolve(repository),
    apiUrl: environment['CHROMATUNE_API_URL'] || undefined,
    cacheFolder: cacheFolder(environment),
    environment,
  };
}

export const defaultPort = 4300;
export const defaultDataFolder = ({ repository }: Settings) => path.join(repository, '.chromatune');

/** What `npm start` writes about itself into its data folder. */
const runningServices = z.object({ apiUrl: z.string(), pids: z.record(z.string(), z.number()) });
export type RunningServices = z.infer<typeof runningServices>;

/** The Chromatune that runs on a data folder, or null. */
export function readServices(dataFolder: string): RunningServices | null {
  try {
    return runningServices.parse(JSON.parse(readFileSync(path.join(dataFolder, 'services.json'), 'utf8')));
  } catch {
    return null;
  }
}

/**
 * Where the API is: `--api`, else what runs on `--data-dir`, else CHROMATUNE_API_URL, else what runs on the default data
 * folder, else the default port.
 * @throws DomainError where that is no address of HTTP, and NothingRuns where a data folder is named and nothing runs on it: another Chromatune would have other sweeps
 */
export function findApiUrl(settings: Settings, { api, dataDir }: { api?: string; dataDir?: string }): string {
  const named = dataDir ? path.resolve(dataDir) : null;
  const running = readServices(named ?? defaultDataFolder(settings))?.apiUrl || undefined;
  if (api === undefined && named !== null && running === undefined) throw new NothingRuns(named);
  const url =
    api ?? (named ? running : undefined) ?? settings.apiUrl ?? running ?? `http://127.0.0.1:${defaultPort}`;
  if (!/^https?:\/\//.test(url)) throw noHttpAddress(url);
  return url.replace(/\/+$/, '').replace(/\/api$/, '');
}

const noHttpAddress = (url: string) =>
  new DomainError('invalid_api_url', 400, `The address of the API, ${url}, does not begin with http://.`, {
    remedy: 'Name it like http://127.0.0.1:4300, in --api or CHROMATUNE_API_URL.',
  });

export class NothingRuns extends DomainError {
  constructor(dataFolder: string) {
    super('nothing_runs', 503, `No Chromatune runs on ${dataFolder}.`, {
      remedy: `Start it with npm start -- --data-dir ${dataFolder}, or leave out --data-dir.`,
    });
  }
}
