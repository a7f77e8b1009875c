import { z } from 'zod';

/** What `children/import-npy.ts` is asked for … */
export const importJob = z.object({
  folder: z.string(),
  workFolder: z.string(),
  /** Side in pixels. */
  imageSize: z.number().int(),
});
export type ImportJob = z.infer<typeof importJob>;

/** … and what it answers. */
export const importUse = z.object({
  images: z.number().int(),
  seconds: z.number(),
  cpuSeconds: z.number(),
  peakBytes: z.number(),
});
export type ImportUse = z.infer<typeof importUse>;
