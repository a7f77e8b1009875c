import { type DynamicModule } from '@nestjs/common';
import { HealthController } from './http/health.controller.js';
import { MetricsController } from './http/metrics.controller.js';
import { Meters } from './supervisor/meters.js';
import { runQueueModule, type RunQueueOptions } from './supervisor/run-queue.js';
import { Supervisor } from './supervisor/supervisor.js';

/** The trainer's Nest application: health and metrics over HTTP, and the queue's processor. */
export class TrainerModule {
  static of({ meters, ...queue }: RunQueueOptions & { meters: Meters }): DynamicModule {
    return {
      module: TrainerModule,
      imports: [runQueueModule(queue)],
      controllers: [HealthController, MetricsController],
      providers: [
        { provide: Supervisor, useValue: queue.supervisor },
        { provide: Meters, useValue: meters },
      ],
    };
  }
}
