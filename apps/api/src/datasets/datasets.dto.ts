import {
  dataset,
  datasetDetail,
  datasetManifest,
  datasetName,
  datasetPrior,
  datasetVersion,
  priorQuery,
  sha256,
} from '@chromatune/contracts';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';

export class DatasetDto extends createZodDto(dataset) {}
export class DatasetDetailDto extends createZodDto(datasetDetail) {}
export class DatasetVersionDto extends createZodDto(datasetVersion) {}
export class DatasetManifestDto extends createZodDto(datasetManifest) {}

export class DatasetPriorDto extends createZodDto(datasetPrior) {}

export class DatasetParams extends createZodDto(z.object({ name: datasetName })) {}
export class DatasetVersionParams extends createZodDto(z.object({ digest: sha256 })) {}
export class PriorQueryDto extends createZodDto(priorQuery) {}
export class DatasetFileParams extends createZodDto(z.object({ sha256 })) {}

export const picture = z.enum(['grey', 'truth', 'train', 'validation', 'test']);
export type Picture = z.infer<typeof picture>;
export class PictureParams extends createZodDto(z.object({ digest: sha256, picture })) {}
