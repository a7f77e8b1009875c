import { run, sweep, sweepDetail, sweepId, sweepPlan, sweepRequest } from '@chromatune/contracts';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';

export class SweepDto extends createZodDto(sweep) {}
export class SweepDetailDto extends createZodDto(sweepDetail) {}
export class SweepPlanDto extends createZodDto(sweepPlan) {}
export class SweepRequestDto extends createZodDto(sweepRequest) {}
export class SweepRunDto extends createZodDto(run) {}
export class SweepParams extends createZodDto(z.object({ id: sweepId })) {}
