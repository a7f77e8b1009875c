import { z } from 'zod';

/** Readable identifiers: a sweep is `s7k3m9q2`, its runs `s7k3m9q2-0`, `s7k3m9q2-1`, …; a reproduction adds `-r1`. */
export const sweepId = z.string().regex(/^[a-z0-9]{4,20}$/, 'is not a sweep id');
export const runId = z.string().regex(/^[a-z0-9][a-z0-9-]{2,63}$/, 'is not a run id');
export const trainerId = z.string().regex(/^[a-z0-9][a-z0-9-]{2,63}$/, 'is not a trainer id');

/** SHA-256 in lower-case hexadecimal. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in hexadecimal');

export const datasetName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'use lower-case letters, digits, ".", "_" and "-", 63 at most');

/** An instant as ISO 8601 text: what JSON can carry. */
export const instant = z.iso.datetime();
