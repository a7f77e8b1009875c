import { Module } from '@nestjs/common';
import { MetricsController } from './metrics.controller.js';
import { PointsExportService } from './points-export.service.js';

@Module({ controllers: [MetricsController], providers: [PointsExportService] })
export class MetricsModule {}
