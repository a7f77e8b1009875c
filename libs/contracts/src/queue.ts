import { z } from 'zod';
import { colorizeRequest } from './colorize.js';
import { runId } from './ids.js';

/**
 * Every message that crosses the queue; both ends parse with these. A `train-run` is only a door-bell: Postgres decides who
 * trains. A `colorize` that is lost is asked for again by the person who waits for it.
 */
export const jobs = {
  'train-run': z.strictObject({
    runId,
    attempt: z.number().int().min(1).describe('The attempt that would begin.'),
  }),
  colorize: colorizeRequest,
} as const;
export type JobName = keyof typeof jobs;
export type JobPayload<N extends JobName> = z.infer<(typeof jobs)[N]>;

export const queueName = (pool: string) => `runs-${pool}`;
/** Adding the same job twice is harmless, because Bull keeps one job an id. */
export const jobId = ({ runId: id, attempt }: JobPayload<'train-run'>) => `${id}.${attempt}`;
