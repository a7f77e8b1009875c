import { z } from 'zod';
import { storedPoint } from './metrics.js';
import { run, sample } from './runs.js';

/**
 * Messages of `GET /live` (server-sent events). They are hints over a truth that can always be fetched: after a
 * reconnect, or when `afterSeq` is not the last point a client has, it fetches `/runs/:id/points?attempt=…&after=…`.
 */
export const liveEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), at: z.iso.datetime() }),
  z.object({ type: z.literal('run'), run }),
  z.object({ type: z.literal('sweep'), sweepId: z.string() }),
  z.object({
    type: z.literal('points'),
    runId: z.string(),
    attempt: z.number().int(),
    /** The newest point before these, 0 when they are the attempt's first. */
    afterSeq: z.number().int(),
    points: z.array(storedPoint),
  }),
  z.object({ type: z.literal('sample'), sample }),
  z.object({ type: z.literal('trainers') }),
  z.object({ type: z.literal('datasets') }),
]);
export type LiveEvent = z.infer<typeof liveEvent>;

/** What stores say on the Postgres channel `chromatune` after a change; small, because NOTIFY carries 8,000 bytes. */
export const change = z.discriminatedUnion('type', [
  z.object({ type: z.literal('run'), runId: z.string(), sweepId: z.string().nullable() }),
  z.object({ type: z.literal('sweep'), sweepId: z.string() }),
  z.object({
    type: z.literal('points'),
    runId: z.string(),
    attempt: z.number().int(),
    lastSeq: z.number().int(),
  }),
  z.object({
    type: z.literal('sample'),
    runId: z.string(),
    attempt: z.number().int(),
    epoch: z.number().int(),
  }),
  z.object({ type: z.literal('command'), runId: z.string(), trainerId: z.string() }),
  z.object({ type: z.literal('trainers') }),
  z.object({ type: z.literal('datasets') }),
]);
export type Change = z.infer<typeof change>;
