import { runId, sample } from '@chromatune/contracts';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';

export class SampleDto extends createZodDto(sample) {}
export class SamplesParams extends createZodDto(z.object({ id: runId })) {}
export class SampleImageParams extends createZodDto(
  z.object({ id: runId, attempt: z.coerce.number().int().min(1), epoch: z.coerce.number().int().min(0) }),
) {}
