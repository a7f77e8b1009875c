import { z } from 'zod';

export const health = z.object({
  status: z.enum(['ok', 'degraded']),
  version: z.string(),
  parts: z.record(z.string(), z.object({ status: z.enum(['ok', 'down']), detail: z.string().optional() })),
});
export type Health = z.infer<typeof health>;
