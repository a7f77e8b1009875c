import { z } from 'zod';

export const runState = z.enum([
  'queued',
  'running',
  'paused',
  'completed',
  'stoppedEarly',
  'failed',
  'cancelled',
]);
export type RunState = z.infer<typeof runState>;
export const endedRunStates: readonly RunState[] = ['completed', 'stoppedEarly', 'failed', 'cancelled'];
export const isEnded = (state: RunState) => endedRunStates.includes(state);

/** What people asked of a run; a trainer learns it with its next lease renewal, or at once by NOTIFY. */
export const runCommand = z.enum(['continue', 'pause', 'cancel']);
export type RunCommand = z.infer<typeof runCommand>;

export const attemptState = z.enum([
  'running',
  'completed',
  'paused',
  'cancelled',
  'released',
  'lost',
  'failed',
]);
export type AttemptState = z.infer<typeof attemptState>;

export const sweepState = z.enum(['running', 'paused', 'completed', 'cancelled']);
export type SweepState = z.infer<typeof sweepState>;

/** Why an attempt failed, by what can be done about it. */
export const failureClass = z.enum([
  'outOfMemory',
  'nonFiniteLoss',
  'corruptShard',
  'io',
  'hungStep',
  'badDevice',
  'codeBug',
]);
export type FailureClass = z.infer<typeof failureClass>;

export const failure = z.object({
  class: failureClass,
  message: z.string().max(4000),
  remedy: z.string().max(1000),
  step: z.number().int().nullable(),
});
export type Failure = z.infer<typeof failure>;
