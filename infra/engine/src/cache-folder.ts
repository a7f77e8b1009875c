import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where downloads and builds are kept, outside the repository: one folder for all clones of a user. */
export const cacheFolder = (environment: NodeJS.ProcessEnv = process.env): string =>
  environment.CHROMATUNE_CACHE_DIR || join(environment.HOME || homedir(), '.cache', 'chromatune');
