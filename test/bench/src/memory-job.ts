import { currentRecipe, engineName } from '@chromatune/contracts';
import { z } from 'zod';

/** What `children/measure-memory.ts` is to take two steps of. */
export const memoryJob = z.object({
  recipe: currentRecipe.pick({
    model: true,
    loss: true,
    optimizer: true,
    batchSize: true,
    microBatch: true,
    averageDecay: true,
  }),
  engine: engineName,
  threads: z.number().int().min(1),
});
export type MemoryJob = z.infer<typeof memoryJob>;

/** The most memory of the process that was resident while the network was built and took two steps. */
export const memoryUse = z.object({ peakBytes: z.number() });
export type MemoryUse = z.infer<typeof memoryUse>;
