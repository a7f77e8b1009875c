import { Module } from '@nestjs/common';
import { LiveModule } from '../live/live.module.js';
import { SchedulerModule } from '../scheduler/scheduler.module.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { MetricsRegistry } from './metrics-registry.js';

@Module({
  imports: [LiveModule, SchedulerModule],
  controllers: [HealthController],
  providers: [HealthService, MetricsRegistry],
})
export class HealthModule {}
