import { readFileSync } from 'node:fs';
import { z } from 'zod';

const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** Version of this package, as health and the API's documentation tell it. */
export const apiVersion = z.object({ version: z.string() }).parse(manifest).version;
