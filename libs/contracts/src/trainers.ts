import { z } from 'zod';
import { instant, runId, trainerId } from './ids.js';
import { environment } from './recipe.js';

export const trainer = z.object({
  id: trainerId,
  host: z.string(),
  pool: z.string(),
  slots: z.number().int().min(1),
  environment,
  /** Why this engine and not a faster one. */
  engineReason: z.string(),
  memoryBytes: z.number().int().describe('Memory that training may use, of the machine or of its GPUs.'),
  draining: z.boolean(),
  startedAt: instant,
  lastSeenAt: instant,
  online: z.boolean(),
  runs: z.array(runId),
});
export type Trainer = z.infer<typeof trainer>;

/** Memory that one slot of a trainer may use: an equal share, less a tenth for everything else. */
export const slotMemoryBytes = ({ memoryBytes, slots }: Pick<Trainer, 'memoryBytes' | 'slots'>) =>
  Math.floor((0.9 * memoryBytes) / slots);
