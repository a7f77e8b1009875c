import { liveEvent, runId, sweepId } from '@chromatune/contracts';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { commaList } from '../http/comma-list.js';

export class LiveEventDto extends createZodDto(z.object({ event: liveEvent })) {}

export class LiveQuery extends createZodDto(
  z.strictObject({
    runs: commaList(runId, 500)
      .default([])
      .describe('Run ids, separated by commas: their points, samples and states.'),
    sweep: sweepId
      .optional()
      .describe('States of this sweep and its runs; without `runs` their points and samples too.'),
  }),
) {}
