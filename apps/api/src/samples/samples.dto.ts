import { runId, sample } from '@chromatune/contracts';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { wholeNumber } from '../http/whole-number.js';

export class SampleDto extends createZodDto(sample) {}
export class SamplesParams extends createZodDto(z.object({ id: runId })) {}
export class SampleImageParams extends createZodDto(
  z.object({ id: runId, attempt: wholeNumber(1), epoch: wholeNumber(0) }),
) {}
