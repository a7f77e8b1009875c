import { colorizeProblem, currentRecipe, engineName, pictureFormat, sha256 } from '@chromatune/contracts';
import { z } from 'zod';

/** What the supervisor hands to the process that colours one photograph. */
export const colorizeWork = z.object({
  recipe: currentRecipe,
  /** Files: a checkpoint of the recipe's run, and the photograph. */
  checkpoint: z.string(),
  /** Tells whether it is that of the photograph before. */
  checkpointSha256: sha256,
  photo: z.string(),
  /** The file to write. */
  picture: z.string(),
  temperature: z.number().nullable(),
  format: pictureFormat,
  engine: engineName,
  threads: z.number().int().min(1),
});
export type ColorizeWork = z.infer<typeof colorizeWork>;

/** What came of it: the file is written, or why it could not be. */
export const colorizeOutcome = z.union([z.object({ written: z.literal(true) }), colorizeProblem]);
export type ColorizeOutcome = z.infer<typeof colorizeOutcome>;
