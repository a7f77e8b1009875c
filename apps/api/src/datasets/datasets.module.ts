import { Module } from '@nestjs/common';
import { DatasetFilesController } from './dataset-files.controller.js';
import { DatasetUploadsService } from './dataset-uploads.service.js';
import { DatasetsController } from './datasets.controller.js';
import { DatasetsService } from './datasets.service.js';

@Module({
  controllers: [DatasetsController, DatasetFilesController],
  providers: [DatasetsService, DatasetUploadsService],
})
export class DatasetsModule {}
