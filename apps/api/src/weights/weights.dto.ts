import { newWeights, sha256, weights } from '@chromatune/contracts';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';

export class WeightsDto extends createZodDto(weights) {}
export class NewWeightsDto extends createZodDto(newWeights) {}
export class WeightsParams extends createZodDto(z.object({ digest: sha256 })) {}
