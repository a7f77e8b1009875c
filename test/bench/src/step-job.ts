import { currentRecipe, engineName } from '@chromatune/contracts';
import { z } from 'zod';

/** What `children/take-steps.ts` is to train, and on what. */
export const stepJob = z.object({
  recipe: currentRecipe.pick({ model: true, loss: true, optimizer: true, batchSize: true }),
  engine: engineName,
  threads: z.number().int().min(1),
});
export type StepJob = z.infer<typeof stepJob>;

/** Its first message: it is ready, or there is no such engine here. */
export const stepperState = z.union([z.object({ ready: z.string() }), z.object({ unavailable: z.string() })]);

/** One turn: take steps for so long … */
export const turnRequest = z.object({ seconds: z.number() });
/** … and say what they took. */
export const turn = z.object({
  steps: z.number().int(),
  images: z.number().int(),
  seconds: z.number(),
  /** Of all threads of the process. */
  cpuSeconds: z.number(),
});
export type Turn = z.infer<typeof turn>;
