import { environment } from '@chromatune/contracts';
import { z } from 'zod';

export const probeRequest = z.object({
  want: z.enum(['auto', 'cuda', 'native', 'portable']),
  threads: z.number().int().min(1),
});
export type ProbeRequest = z.infer<typeof probeRequest>;

/** What a training process on this machine would train on, or why none can. */
export const probeResult = z.union([
  z.object({ environment, reason: z.string() }),
  z.object({ error: z.string(), remedy: z.string().optional() }),
]);
export type ProbeResult = z.infer<typeof probeResult>;
