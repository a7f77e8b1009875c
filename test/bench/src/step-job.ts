import { currentRecipe, engineName } from '@chromatune/contracts';
import { z } from 'zod';

/** What `children/take-steps.ts` is to train, on what, and how: JSON, its only argument. */
export const stepJob = z.object({
  recipe: currentRecipe.pick({ model: true, loss: true, optimizer: true, batchSize: true }),
  engine: engineName,
  threads: z.number().int().min(1),
  /** As runs are, unless their recipe says otherwise: only operations that give the same bits again. */
  deterministic: z.boolean().default(true),
  /** Whether XLA compiles the step, as it does on GPUs. */
  compile: z.boolean().default(false),
  /**
   * The step that runs take, or the same operations one by one, or TensorFlow.js as it comes: no operations of ours,
   * and its own Adam. Or no training: what a validation has of the engine, without measuring it.
   */
  step: z.enum(['engine', 'eager', 'stock', 'evaluation']),
});
export type StepJob = z.input<typeof stepJob>;

/** Its first line: it is ready, or there is no such engine here. Python's children speak the same. */
export const stepperState = z.union([
  z.object({
    ready: z.string(),
    /** From the start of the program to the end of the third step. */
    preparationSeconds: z.number(),
  }),
  z.object({ unavailable: z.string() }),
]);
export type Ready = Extract<z.infer<typeof stepperState>, { ready: string }>;

/** One turn: take steps for so long … */
export const turnRequest = z.object({ seconds: z.number() });
/** … and say what they took. */
export const turn = z.object({
  steps: z.number().int(),
  images: z.number().int(),
  seconds: z.number(),
  /** Of all threads of the process. */
  cpuSeconds: z.number(),
  /** The most memory that the process has had so far: of the machine, or on a GPU of that. */
  peakBytes: z.number(),
  /** Share of the time in which the GPU computed something. */
  gpuBusy: z.number().optional(),
});
export type Turn = z.infer<typeof turn>;
