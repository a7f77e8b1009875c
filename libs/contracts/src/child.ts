import { z } from 'zod';
import { datasetManifest } from './datasets.js';
import { point } from './metrics.js';
import { environment, recipe } from './recipe.js';
import { baselines, checkpoint, sample } from './runs.js';
import { failure } from './states.js';

/** What the supervisor hands to the child that trains one attempt. */
export const assignment = z.object({
  runId: z.string(),
  attempt: z.number().int().min(1),
  recipe,
  manifest: datasetManifest,
  workFolder: z.string(),
  /** A checkpoint file to go on from. */
  resumeFrom: z.string().nullable(),
  environment,
  /** Images to compute at once, as an earlier attempt or the reproduced run did; null leaves it to the child. */
  microBatch: z.number().int().min(1).nullable(),
  memory: z.object({
    /** What this slot may use. */
    limitBytes: z.number().int(),
    /** What activations of this shape of network took here, as a multiple of their static estimate, where known. */
    correction: z.number().positive().nullable(),
  }),
});
export type Assignment = z.infer<typeof assignment>;

/** Supervisor to child. */
export const childCommand = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), assignment }),
  /** Save a checkpoint at the next step boundary, report it, and exit. */
  z.object({ type: z.literal('checkpointAndExit') }),
  /** Answer to `needFiles`: verified local copies, by file name. */
  z.object({ type: z.literal('files'), paths: z.record(z.string(), z.string()) }),
]);
export type ChildCommand = z.infer<typeof childCommand>;

/** Child to supervisor. Those with `seq` go through the spool, in order, and reach Postgres exactly once. */
export const spooledEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('started'),
    seq: z.number().int(),
    fromStep: z.number().int(),
    totalSteps: z.number().int(),
    parameters: z.number().int(),
    microBatch: z.number().int().min(1).describe('Images computed at once.'),
  }),
  z.object({ type: z.literal('baselines'), seq: z.number().int(), baselines }),
  z.object({ type: z.literal('point'), ...point.shape }),
  z.object({
    type: z.literal('sample'),
    seq: z.number().int(),
    sample: sample.omit({ runId: true, attempt: true, key: true }),
    file: z.string(),
  }),
  z.object({
    type: z.literal('checkpoint'),
    seq: z.number().int(),
    checkpoint: checkpoint.omit({ attempt: true, key: true, objective: true, isBest: true }),
    file: z.string(),
  }),
  z.object({
    type: z.literal('log'),
    seq: z.number().int(),
    level: z.enum(['info', 'warn', 'error']),
    message: z.string(),
    at: z.iso.datetime(),
  }),
  /** The last event of an attempt. `paused` answers checkpointAndExit. */
  z.object({
    type: z.literal('finished'),
    seq: z.number().int(),
    outcome: z.enum(['completed', 'paused']),
    weightsSha256: z.string(),
  }),
  z.object({ type: z.literal('failed'), seq: z.number().int(), failure }),
]);
export type SpooledEvent = z.infer<typeof spooledEvent>;

export const childEvent = z.union([
  spooledEvent,
  z.object({ type: z.literal('needFiles'), names: z.array(z.string()) }),
  /** What the first steps took, as a multiple of the static estimate of their activations. */
  z.object({ type: z.literal('memoryMeasured'), correction: z.number().positive() }),
  /** Proof of life while nothing is measured: the step that is being computed. */
  z.object({ type: z.literal('alive'), step: z.number().int() }),
]);
export type ChildEvent = z.infer<typeof childEvent>;
