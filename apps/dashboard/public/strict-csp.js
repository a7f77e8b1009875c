// The API's content policy forbids eval. Told before its first schema, zod does not try it and the console stays clean.
globalThis.__zod_globalConfig = { jitless: true };
