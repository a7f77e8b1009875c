import { logLine, reproduceRequest, reproduction, run, runDetail, runId } from '@chromatune/contracts';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { commaList } from '../http/comma-list.js';
import { wholeNumber } from '../http/whole-number.js';

export class RunDto extends createZodDto(run) {}
export class RunDetailDto extends createZodDto(runDetail) {}
export class LogLineDto extends createZodDto(logLine) {}
export class ReproductionDto extends createZodDto(reproduction) {}
export class ReproduceRequestDto extends createZodDto(reproduceRequest.default({})) {}

export class RunParams extends createZodDto(z.object({ id: runId })) {}
export class CheckpointParams extends createZodDto(
  z.object({ id: runId, attempt: wholeNumber(1), step: wholeNumber(0) }),
) {}

export class RunsQuery extends createZodDto(
  z.strictObject({
    ids: commaList(runId, 1000).optional().describe('Run ids, separated by commas; else all, 2,000 at most.'),
  }),
) {}

export class LogQuery extends createZodDto(
  z.strictObject({
    after: z
      .string()
      .regex(/^\d{1,9}\.\d{1,9}$/, 'must be like 2.57')
      .transform((text) => {
        const [attempt, seq] = text.split('.').map(Number) as [number, number];
        return { attempt, seq };
      })
      .optional()
      .describe('Only lines after this one: attempt.seq, for example 2.57. Else the last 1,000.'),
  }),
) {}
