import { z } from 'zod';
import { instant, runId, sha256, sweepId } from './ids.js';
import { baselines } from './runs.js';
import { runState, sweepState } from './states.js';
import { sweepSpec } from './sweep-spec.js';

export const sweep = z.object({
  id: sweepId,
  name: z.string(),
  state: sweepState,
  spec: sweepSpec,
  dataset: z.object({ name: z.string(), digest: sha256 }),
  varying: z.array(z.string()),
  plannedRuns: z.number().int(),
  runsByState: z.partialRecord(runState, z.number().int()),
  best: z
    .object({
      runId,
      label: z.string(),
      value: z.number(),
      epoch: z.number(),
      baselines: baselines.nullable().describe('What needs no training, as this run measured it.'),
    })
    .nullable(),
  createdAt: instant,
  endedAt: instant.nullable(),
});
export type Sweep = z.infer<typeof sweep>;

/** One sweep with the text it was launched from. */
export const sweepDetail = sweep.extend({ yaml: z.string() });
export type SweepDetail = z.infer<typeof sweepDetail>;

/** Body of `POST /sweeps` and `POST /sweeps/plan`: the YAML as written, so that errors can point at its lines. */
export const sweepRequest = z.strictObject({ yaml: z.string().max(100_000) });
