import { z } from 'zod';
import { checkpoint } from './runs.js';
import { currentRecipe } from './recipe.js';
import { runId } from './ids.js';

/** Which checkpoint of a run colours: the best one, or that of an epoch. */
export const checkpointChoice = z.union([z.literal('best'), z.coerce.number().int().min(1).max(10_000)]);
export type CheckpointChoice = z.infer<typeof checkpointChoice>;

export const pictureFormat = z.enum(['png', 'jpeg']);
export type PictureFormat = z.infer<typeof pictureFormat>;

export const temperatureLimits = { min: 0.01, max: 2 };
const temperature = z.coerce
  .number()
  .min(temperatureLimits.min)
  .max(temperatureLimits.max)
  .describe('Annealed mean of Zhang et al.: 1 is the mean of the bins, towards 0 the most probable one.');

/** Query of `POST /runs/:id/colorize`, whose body is the photograph. */
export const colorizeQuery = z.strictObject({
  epoch: checkpointChoice.default('best'),
  temperature: temperature.optional(),
  format: pictureFormat.default('png'),
});
export type ColorizeQuery = z.output<typeof colorizeQuery>;

/** Milliseconds since 1970 and a random part: `colorizeKey` puts the time into the key, so that old ones can be removed. */
export const colorizeId = z.string().regex(/^\d{13}-[0-9a-f]{16}$/, 'is not the id of a photograph');

/** What a trainer is asked to colour, and with what. */
export const colorizeRequest = z.strictObject({
  id: colorizeId,
  runId,
  recipe: currentRecipe,
  checkpoint: checkpoint.pick({ key: true, bytes: true, sha256: true }),
  temperature: temperature.nullable(),
  format: pictureFormat,
});
export type ColorizeRequest = z.infer<typeof colorizeRequest>;

/** Why a photograph could not be coloured, as the trainer leaves it for the API. */
export const colorizeProblem = z.object({
  code: z.string(),
  status: z.number().int().min(400).max(599),
  message: z.string(),
  remedy: z.string().optional(),
});
export type ColorizeProblem = z.infer<typeof colorizeProblem>;

/**
 * Object store keys of one photograph: the API writes `photo`, a trainer writes `picture` or `problem`, and the API
 * removes all. A photo that is gone is no longer wanted.
 */
export const colorizeKey = (id: string, what: 'photo' | 'picture' | 'problem') =>
  `${colorizePrefix}${id}/${what}`;
export const colorizePrefix = 'colorize/';

/** Most bytes of a photograph to colour. */
export const maxPhotoBytes = 64 * 1024 * 1024;
/** Most pixels of one: its colours take a trainer some 20 bytes a pixel. */
export const maxPhotoPixels = 64_000_000;

/** How long the API waits for a trainer to colour a photograph, and how long a trainer tries. */
export const colorizeSeconds = 120;
