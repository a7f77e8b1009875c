import { trainer, trainerId } from '@chromatune/contracts';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';

export class TrainerDto extends createZodDto(trainer) {}
export class TrainerParams extends createZodDto(z.object({ id: trainerId })) {}
export class DrainRequestDto extends createZodDto(
  z.strictObject({ draining: z.boolean().describe('True: take no new runs. False: take them again.') }),
) {}
